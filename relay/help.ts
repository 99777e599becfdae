/**
 * What `remote-agents-relay --help` says after its options.
 */

/** Examples, and how to put a relay on the internet. */
export const HELP_EXAMPLES = `
Every option is also an environment variable: --bind is REMOTE_AGENTS_RELAY_BIND, --allow-room is
REMOTE_AGENTS_RELAY_ALLOW_ROOM (ids separated by commas). A flag wins over the environment.

Examples:
  On this machine, for trying out:
    remote-agents-relay

  On a server, with a certificate of its own; peers use --relay wss://relay.example.org:
    remote-agents-relay --bind 0.0.0.0:443 --tls-cert fullchain.pem --tls-key privkey.pem

  For your room only; "remote-agent room-id" prints the id, which is not a secret:
    remote-agents-relay --bind 0.0.0.0:8080 --allow-room <room-id>

  Behind a reverse proxy that ends TLS; it must pass on WebSocket upgrades of /v1/connect:
    Caddy:  relay.example.org {
              reverse_proxy 127.0.0.1:8080
            }
    nginx:  location / {
              proxy_pass http://127.0.0.1:8080;
              proxy_http_version 1.1;
              proxy_set_header Upgrade $http_upgrade;
              proxy_set_header Connection "upgrade";
              proxy_set_header Host $host;
              proxy_read_timeout 300s;
            }
  Peers prove their keys to the host name that they dialled. If the proxy cannot pass on Host, say what
  peers dial with --public-host relay.example.org. Behind a proxy the relay sees the proxy's IP address.

GET /health answers with the version and counts, for monitoring. SIGTERM ends the relay within 2 seconds;
peers are told to come back (close code 1012).

Permissions when run from source: deno run --allow-net --allow-env relay/main.ts, and --allow-read for the
two TLS files.
`;
