// Tunnels the https calls of a Node program through the proxy in HTTPS_PROXY, for
// versions of Node that do not do so themselves: those of the https module, by its
// agents, and of fetch.
'use strict';
(() => {
  // Node knows how since it has this option, and is told to by NODE_USE_ENV_PROXY.
  if (process.allowedNodeEnvironmentFlags.has('--use-env-proxy')) return;
  const text = process.env.HTTPS_PROXY || process.env.https_proxy;
  if (!text) return;

  const http = require('node:http');
  const https = require('node:https');
  const net = require('node:net');
  const tls = require('node:tls');

  const proxy = new URL(text);
  const credentials = decodeURIComponent(proxy.username) + ':' + decodeURIComponent(proxy.password);
  const authorization = 'Basic ' + Buffer.from(credentials).toString('base64');
  const direct = (process.env.NO_PROXY || process.env.no_proxy || '')
    .split(',').map((s) => s.trim().toLowerCase()).filter(Boolean);

  const bare = (host) => String(host || 'localhost').toLowerCase().replace(/^\[|\]$/g, '');

  function isDirect(host) {
    return direct.some((d) => host === d || d === '*' || host.endsWith('.' + d.replace(/^\*?\./, '')));
  }

  // tunnel calls done(error) or done(null, socket), once.
  function tunnel(host, options, done) {
    const port = options.port || 443;
    const target = (net.isIPv6(host) ? `[${host}]` : host) + ':' + port;
    const request = http.request({
      agent: false,
      host: proxy.hostname,
      port: proxy.port,
      method: 'CONNECT',
      path: target,
      headers: { Host: target, 'Proxy-Authorization': authorization },
    });
    request.once('error', done);
    request.once('connect', (response, socket) => {
      if (response.statusCode !== 200) {
        socket.destroy();
        done(new Error(`proxy answered ${response.statusCode} for ${target}: ${response.statusMessage}`));
        return;
      }
      const servername = options.servername || (net.isIP(host) ? '' : host);
      done(null, tls.connect({ ...options, host, port, path: undefined, socket, servername }));
    });
    request.end();
  }

  // Every agent inherits this, also those that a library makes for itself.
  const connectDirectly = https.Agent.prototype.createConnection;
  https.Agent.prototype.createConnection = function createConnection(options, done) {
    const host = bare(options && (options.host || options.hostname));
    if (typeof options !== 'object' || options.socketPath || typeof done !== 'function' || isDirect(host)) {
      return connectDirectly.apply(this, arguments);
    }
    tunnel(host, options, done);
    return undefined;
  };

  // fetch has connections of its own, which are reached through a well-known symbol once
  // something of it was used. Until then it costs nothing.
  const key = Symbol.for('undici.globalDispatcher.1');
  const plainFetch = globalThis.fetch;
  if (typeof plainFetch !== 'function') return;
  let ready = false;

  function prepareFetch() {
    ready = true;
    if (globalThis[key] === undefined) new Headers();
    const Agent = globalThis[key] && globalThis[key].constructor;
    if (!Agent || Agent.name !== 'Agent') return; // the program has chosen its own
    globalThis[key] = new Agent({
      connect(options, done) {
        const host = bare(options.hostname);
        const { port, servername } = options;
        if (options.protocol === 'https:' && !isDirect(host)) {
          tunnel(host, { port, servername, ALPNProtocols: ['http/1.1'] }, (err, socket) => {
            if (err) return done(err);
            socket.once('error', done);
            socket.once('secureConnect', () => {
              socket.removeListener('error', done);
              done(null, socket);
            });
          });
          return;
        }
        const secure = options.protocol === 'https:';
        const socket = secure
          ? tls.connect({ host, port: port || 443, servername: servername || (net.isIP(host) ? '' : host) })
          : net.connect({ host, port: port || 80 });
        socket.once('error', done);
        socket.once(secure ? 'secureConnect' : 'connect', () => {
          socket.removeListener('error', done);
          done(null, socket);
        });
      },
    });
  }

  globalThis.fetch = function fetch(...args) {
    if (!ready) prepareFetch();
    return plainFetch.apply(this, args);
  };
})();
