# syntax=docker/dockerfile:1
# The processes and the migration, one target each: docker build --target api|relay|inbox|migrate .

FROM node:24.21.0-trixie-slim AS base
WORKDIR /app
ENV NODE_ENV=production

FROM base AS dependencies
COPY package.json package-lock.json .npmrc ./
# No production dependency needs its install script, so none gets to run.
RUN npm ci --omit=dev --ignore-scripts

FROM base AS process
COPY --from=dependencies /app/node_modules node_modules
# package.json makes the files ES modules.
COPY package.json ./
COPY src src
USER node

# Runs once and ends. The layers before its own are those of the api.
FROM process AS migrate
COPY drizzle drizzle
CMD ["node", "--import", "./src/db/drizzle-resolution.ts", "src/db/migrate/main.ts"]

FROM process AS api
# From the journal it knows the newest migration it was written for.
COPY drizzle/meta/_journal.json drizzle/meta/_journal.json
EXPOSE 5000
# Liveness: to restart a process mends nothing while its database or its broker is away. Traffic goes by /health/ready.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 5000}/health/live`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# node and not npm: one process, which gets the signals itself.
CMD ["node", "--import", "./src/core/telemetry.ts", "--import", "./src/db/drizzle-resolution.ts", "src/main.ts"]

FROM process AS inbox
COPY drizzle/meta/_journal.json drizzle/meta/_journal.json
EXPOSE 5002
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.INBOX_PORT || 5002}/health/live`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--import", "./src/core/telemetry.ts", "--import", "./src/db/drizzle-resolution.ts", "src/inbox/main.ts"]

FROM process AS relay
COPY relay relay
# For `node doctor/main.ts relay`.
COPY doctor doctor
COPY drizzle/meta/_journal.json drizzle/meta/_journal.json
# The console shows the section about what is wrong.
COPY docs/runbook.md docs/runbook.md
EXPOSE 5001
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.RELAY_PORT || 5001}/health/live`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# What bounds its memory: docs/decisions/memory.md
CMD ["env", "MALLOC_ARENA_MAX=1", "MALLOC_TRIM_THRESHOLD_=131072", "node", "--max-semi-space-size=4", "--heap-growing-percent=75", "--import", "./src/core/telemetry.ts", "relay/main.ts"]
