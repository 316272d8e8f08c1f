/** A relay that ends closes the connection. A database that hangs keeps an update for six seconds. */
const STALE_AFTER_MS = 10_000;

/** Calls `onOverview` for each update, and `onLink` with whether there are any. */
export function watchLive(onOverview, onLink) {
  let stale;
  const heard = () => {
    clearTimeout(stale);
    stale = setTimeout(() => onLink(false), STALE_AFTER_MS);
  };
  // It connects again by itself.
  const source = new EventSource('/console/live');
  source.onmessage = ({ data }) => {
    heard();
    onLink(true);
    onOverview(JSON.parse(data));
  };
  source.onerror = () => onLink(false);
  heard();
}
