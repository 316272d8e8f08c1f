import { byId, el } from './dom.js';

/**
 * Asks a person. `fields`: attributes of inputs, by their labels. `submit` gets what was entered by the inputs' names; when it
 * rejects, its message is shown and the question stays. Resolves with what `submit` returns; undefined: the person would rather not.
 */
export function askFor({ title, text, fields = {}, button, submit }) {
  const dialog = byId('ask');
  const form = dialog.querySelector('form');
  const [, paragraph] = form.children;
  const fault = form.querySelector('.fault');
  const [cancel, accept] = form.querySelectorAll('.bar button');
  byId('ask-title').textContent = title;
  paragraph.textContent = text;
  fault.textContent = '';
  accept.textContent = button;
  form
    .querySelector('.fields')
    .replaceChildren(
      ...Object.entries(fields).map(([label, attributes]) =>
        el('label', {}, label, el('input', { required: true, autocomplete: 'off', ...attributes })),
      ),
    );
  dialog.showModal();
  return new Promise((resolve) => {
    cancel.onclick = () => dialog.close();
    let answer;
    // Not before: the next question is in the same dialog.
    dialog.onclose = () => resolve(answer);
    form.onsubmit = async (event) => {
      event.preventDefault();
      accept.disabled = true;
      try {
        answer = await submit(Object.fromEntries(new FormData(form)));
        dialog.close();
      } catch (error) {
        fault.textContent = error.message;
      } finally {
        accept.disabled = false;
      }
    };
  });
}
