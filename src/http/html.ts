/** Text as HTML. */
export const html = (plain: string) =>
  plain.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

/** Markdown as HTML, of which only backticks are used. */
export const htmlOfMarkdown = (markdown: string) =>
  html(markdown).replaceAll(/`([^`]+)`/g, '<code>$1</code>');

/** A page for people, without script and style. */
export const htmlPage = (title: string, body: string) => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${html(title)}</title></head>
<body>
<h1>${html(title)}</h1>
${body}
</body>
</html>
`;
