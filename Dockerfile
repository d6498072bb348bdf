# Not built in CI. One image for `serve`, `upkeep`, `migrate` and the rest of the command line, on your own PostgreSQL.
#   docker build -t memkeep .
#   docker run --read-only -p 127.0.0.1:8787:8787 --env-file memkeep.env -v memkeep-keys:/keys -v memkeep-erasures:/erasures memkeep
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY . .
# Without what only an embedded deployment needs, which is nine tenths of it.
RUN npm ci && npm prune --omit=dev --omit=optional --ignore-scripts

FROM node:24-bookworm-slim
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/packages ./packages
# A new volume is made as the directory is that it covers.
RUN mkdir /keys /erasures && chown node:node /keys /erasures && chmod 0700 /keys /erasures
# The image's own user; nothing here is written to; the keys and the erasure ledger are each on a volume that this user owns.
USER node
ENV NODE_ENV=production MEMKEEP_KEYS=/keys MEMKEEP_ERASURES=/erasures MEMKEEP_HOST=0.0.0.0
EXPOSE 8787
HEALTHCHECK --interval=10s CMD ["node", "-e", "fetch('http://127.0.0.1:8787/healthz').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "packages/memkeep/bin/memkeep.js"]
CMD ["serve"]
