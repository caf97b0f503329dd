# The image that both stages begin with: Node.js 24 on Debian 12.
ARG NODE_IMAGE=node:24-bookworm-slim

# Build: what only building needs stays in this stage.
FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Nothing is compiled: the modules for this Node.js come with their packages.
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY src ./src
COPY bin ./bin
# What runs stays: no types, no sources, no modules for other systems, and not the SQLite of Node.js 20.
RUN npm run build \
  && npm prune --omit=dev --ignore-scripts \
  && rm -rf node_modules/better-sqlite3 node_modules/@types node_modules/better-sqlite3-13/deps node_modules/better-sqlite3-13/src \
  && find node_modules/better-sqlite3-13/prebuilds -type f ! -name "linux-$(node -p process.arch).node" -delete \
  && find node_modules dist \( -name '*.d.ts' -o -name '*.map' -o -name '*.md' \) -type f -not -path 'dist/run/*' -delete \
  && find dist -mindepth 1 -maxdepth 1 -not -name run -exec rm -r {} + \
  && find node_modules -type d -empty -delete

FROM ${NODE_IMAGE}
# An ordinary user with three capabilities: port 67, frames to clients without an address, receive buffers that last
# through a slow disk. Docker gives a user no ambient capabilities; a small copy of setpriv has them on its file, and
# hands them on to node, which is not copied for that.
RUN apt-get update \
  && apt-get install -y --no-install-recommends libcap2-bin \
  && cp /usr/bin/setpriv /usr/local/bin/with-capabilities \
  && setcap cap_net_bind_service,cap_net_raw,cap_net_admin+ep /usr/local/bin/with-capabilities \
  && apt-get purge -y --auto-remove libcap2-bin \
  && rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/* \
  && install -d -o node -g node -m 750 /var/lib/obiente/vps-gateway
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY src/page ./src/page
COPY bin ./bin
ENV NODE_ENV=production
USER node
VOLUME /var/lib/obiente/vps-gateway
# Asks the server itself: healthy is one that would give a new guest an address, or whose pool is full.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=2 CMD ["/app/bin/container.sh", "healthcheck"]
ENTRYPOINT ["/app/bin/container.sh"]
CMD ["serve"]
