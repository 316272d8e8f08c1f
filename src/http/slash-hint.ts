/** What to say beside a refusal when the path ends with a slash: none of ours does but that of /docs/. */
export const slashHint = (url: string) =>
  /.\/(\?|$)/.test(url) ? '. Leave out the slash at the end of the address' : '';
