// An OAuth server that others wrote, on loopback: RFC 6749, 7009, 7591, 7592, 7662, 8414.
//
// Usage: node server.mjs ['{"clients": [...], "initial": "...", "rotate": true}']
// Prints one line of JSON when it listens: {"port", "issuer", "initial"}. Ends with its standard input or on SIGTERM.
// Everything is kept in memory and ends with it.

import { createServer } from 'node:http'
import { randomBytes } from 'node:crypto'
import Provider from 'oidc-provider'

const given = JSON.parse(process.argv[2] ?? '{}')
const initial = given.initial ?? randomBytes(24).toString('base64url')

// The issuer holds the port, so the port is taken before there is a provider.
let handle = (_, answer) => answer.writeHead(503).end()
const server = createServer((request, answer) => handle(request, answer))
await new Promise((ready) => server.listen(0, '127.0.0.1', ready))
const { port } = server.address()
const issuer = `http://127.0.0.1:${port}`

const provider = new Provider(issuer, {
  clients: given.clients ?? [],
  scopes: ['openid', 'offline_access', 'api'],
  features: {
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    registration: { enabled: true, initialAccessToken: initial },
    registrationManagement: { enabled: true, rotateRegistrationAccessToken: given.rotate ?? true },
    devInteractions: { enabled: false },
  },
  ttl: { ClientCredentials: 3600, AccessToken: 3600, RefreshToken: 86400, Grant: 86400 },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
})

// The peer's own road to a pair of tokens with a grant behind them, as a person's consent gives, without a browser.
async function consent(clientId) {
  const accountId = 'someone'
  const grant = new provider.Grant({ accountId, clientId })
  grant.addOIDCScope('openid offline_access')
  const grantId = await grant.save()
  const base = {
    accountId, client: await provider.Client.find(clientId), grantId, scope: 'openid offline_access',
    gty: 'authorization_code',
  }
  const access_token = await new provider.AccessToken(base).save()
  const authTime = Math.floor(Date.now() / 1000)
  return { access_token, refresh_token: await new provider.RefreshToken({ ...base, authTime }).save() }
}

provider.use(async (ctx, next) => {
  if (ctx.path !== '/_peer/consent') return next()
  ctx.body = await consent(ctx.query.client)
})

handle = provider.callback()
console.log(JSON.stringify({ port, issuer, initial }))
process.stdin.on('end', () => process.exit(0)).resume()
