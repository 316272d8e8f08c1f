// Spaces, format characters and what Unicode says is not shown, such as a Hangul filler: https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point
const VISIBLE = /[^\p{White_Space}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/u;

/** Whether there is something to read in a text. */
export const isVisible = (text: string): boolean => VISIBLE.test(text);
