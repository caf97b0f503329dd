# Build: compilers stay in this stage.
FROM node:24-bookworm-slim AS build
WORKDIR /app
# For better-sqlite3, where its prebuilt binary cannot be had.
RUN apt-get update \
  && apt-get install -y --no-install-recommends python3 make g++ \
  && rm -rf /var/lib/apt/lists/*
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json ./
COPY src ./src
RUN npm run build && npm prune --omit=dev

FROM node:24-bookworm-slim
# An ordinary user with three capabilities: port 67, frames to clients without an address, receive buffers that last
# through a slow disk. Docker gives a user no ambient capabilities, so they stand on the program's file.
RUN apt-get update \
  && apt-get install -y --no-install-recommends libcap2-bin \
  && setcap cap_net_bind_service,cap_net_raw,cap_net_admin+ep /usr/local/bin/node \
  && apt-get purge -y --auto-remove libcap2-bin \
  && rm -rf /var/lib/apt/lists/* \
  && install -d -o node -g node /var/lib/obiente/vps-gateway
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY bin ./bin
ENV NODE_ENV=production
USER node
VOLUME /var/lib/obiente/vps-gateway
# Asks the server itself: healthy is one that has its sockets and its lease file.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=2 CMD ["/app/bin/container.sh", "health"]
ENTRYPOINT ["/app/bin/container.sh"]
CMD ["serve"]
