const STALE_AFTER_MS = 3_500;

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
