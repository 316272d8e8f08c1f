export const USAGE = `What a person can decide about messages that the inbox could not handle:

  npm run dead-letters -- list [SELECTION] [--limit N]           what is in the dead-letter queues of INBOX_SUBSCRIPTIONS and what waits
                                                                 in the table, with the reasons
  npm run dead-letters -- show ID                                everything about one message, its body too
  npm run dead-letters -- retry ID                               handle it where it is, and with one that waits all of its order
  npm run dead-letters -- drop ID --reason TEXT                  it is never handled; what waits behind it goes on
  npm run dead-letters -- retry SELECTION [--yes]                all that are meant; without --yes they are only counted,
  npm run dead-letters -- drop SELECTION --reason TEXT [--yes]   with exit code 1

SELECTION is --all (not for list), or one or more of --consumer NAME, --type TYPE, --order ID and --reason-like TEXT, which stands
somewhere in the reason. ID is the id of a message, or the broker's number of it, which list has for one without id.
Nothing is sent to a topic again. --json prints JSON, with npm run --silent and nothing else.
Exit codes: 0 done, 1 failed or not all done, 2 wrong usage, 78 bad configuration. docs/reference.md says more.
`;
