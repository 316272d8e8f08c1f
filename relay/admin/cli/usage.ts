export const USAGE = `What an operator can do about messages in the outbox:

  npm run outbox -- status                         how it goes, in ten lines: state, slot, lag, what is parked, whether it was set back
  npm run outbox -- list [--limit N]               what is parked, and what is unsettled, the oldest first
  npm run outbox -- show ID                        everything about one message, its body too
  npm run outbox -- retry ID                       send a parked message again, then what waits for it
  npm run outbox -- drop ID --reason TEXT          give it up; what waits for it goes on
  npm run outbox -- retry SELECTION [--yes]        all parked messages that are meant; without --yes they are only counted,
  npm run outbox -- drop SELECTION --reason TEXT   with exit code 1
  npm run outbox -- replay --from TIME --to TIME   send again what was published from the one time on and before the other;
                                                   --dry-run only counts it
  npm run outbox -- confirm                        the database was set back in time, or is another one: the relay of RELAY_SLOT
                                                   is to go on with it as it is
  npm run outbox -- guard --max-wal SIZE           once, for cron: drops the slot of a relay that does not run if it keeps more WAL
                                                   than SIZE (MB, GB, TB); the next relay loses nothing
  npm run outbox -- init [--role ROLE] [--apply]   the SQL that makes OUTBOX_TABLE and what belongs to it, with the grants of the relay's
                                                   role; --apply runs it on DATABASE_URL

SELECTION is --all, or one or more of --type TYPE, --order ID and --reason-like TEXT, which stands somewhere in the reason.
TIME is ISO 8601 with a zone, such as 2026-11-23T14:30:00Z. --json prints JSON, with npm run --silent and nothing else.
Exit codes: 0 done, 1 failed, 2 wrong usage, 78 bad configuration. docs/reference.md says more.
`;
