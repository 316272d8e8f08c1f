const KEY = 'operator';

/** Who acts, and with which token; gone with the tab. */
export const operator = () => JSON.parse(sessionStorage.getItem(KEY) ?? 'null');
export const signIn = (who) => sessionStorage.setItem(KEY, JSON.stringify(who));
export const signOut = () => sessionStorage.removeItem(KEY);

/** Rejects with an Error whose message is for people, and which has the code of the refusal. */
async function ask(path, options = {}) {
  const token = operator()?.token;
  const headers = { ...options.headers, ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(path, { ...options, headers }).catch(() => {
    throw new Error('The relay does not answer');
  });
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(answer.message), { code: answer.code });
  return answer;
}

export const get = (path) => ask(path);

/** Has the operator who is signed in do something. */
export const act = (action, body) =>
  ask(`/console/${action}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ by: operator()?.by, ...body }),
  });
