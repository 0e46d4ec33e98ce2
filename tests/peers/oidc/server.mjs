// An OAuth server that others wrote, on loopback: RFC 6749, 7009, 7591, 7592, 7662, 8414.
//
// Usage: node server.mjs ['{"clients": [...], "rotate": true}']
// Prints one line of JSON when it listens: {"port", "issuer", "initial", "operator"}. Ends with its standard input or on
// SIGTERM. Everything is kept in memory and ends with it.

import { createServer } from 'node:http'
import { randomBytes } from 'node:crypto'
import Provider from 'oidc-provider'
import MemoryAdapter from 'oidc-provider/lib/adapters/memory_adapter.js'

const given = JSON.parse(process.argv[2] ?? '{}')

// The issuer holds the port, so the port is taken before there is a provider.
let handle = (_, answer) => answer.writeHead(503).end()
const server = createServer((request, answer) => handle(request, answer))
await new Promise((ready) => server.listen(0, '127.0.0.1', ready))
const { port } = server.address()
const issuer = `http://127.0.0.1:${port}`

// What its own adapter keeps, in a map that can be gone through; its default is one of at most 1,000 entries.
const store = new Map()
const operator = { client: 'operator', secret: randomBytes(24).toString('base64url') }

const provider = new Provider(issuer, {
  adapter: (model) => new MemoryAdapter(model, store),
  clients: [
    ...(given.clients ?? []),
    { client_id: operator.client, client_secret: operator.secret, grant_types: [], response_types: [], redirect_uris: [] },
  ],
  scopes: ['openid', 'offline_access', 'api'],
  features: {
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    registration: {
      enabled: true, initialAccessToken: true,
      policies: { // its own means to give a client another secret: what a policy puts into an update becomes so
        reissue: (ctx, properties) => {
          if (ctx.method === 'PUT') properties.client_secret = randomBytes(24).toString('base64url')
        },
      },
    },
    registrationManagement: { enabled: true, rotateRegistrationAccessToken: given.rotate ?? true },
    devInteractions: { enabled: false },
  },
  ttl: { ClientCredentials: 3600, AccessToken: 3600, RefreshToken: 86400, Grant: 86400 },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
})

// The peer's own road to a pair of tokens with a grant behind them, as a person's consent gives, without a browser.
async function consent(clientId, accountId = 'someone') {
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
  ctx.body = await consent(ctx.query.client, ctx.query.account)
})

// Token exchange (RFC 8693 section 2.1), which the provider has no handler of: any live access token of its is taken.
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
provider.registerGrantType(EXCHANGE, async (ctx) => {
  const subject = await provider.AccessToken.find(ctx.oidc.params.subject_token)
    ?? await provider.ClientCredentials.find(ctx.oidc.params.subject_token)
  if (subject === undefined || subject.isExpired) {
    return Object.assign(ctx, { status: 400, body: { error: 'invalid_request' } })
  }
  const access_token = await new provider.ClientCredentials({ client: ctx.oidc.client, scope: subject.scope }).save()
  ctx.body = { access_token, issued_token_type: ctx.oidc.params.subject_token_type, token_type: 'Bearer' }
}, ['subject_token', 'subject_token_type'])

// A registration whose updates give the client another secret.
provider.use(async (ctx, next) => {
  if (ctx.path !== '/_peer/initial') return next()
  ctx.body = { token: await new provider.InitialAccessToken({ policies: ['reissue'] }).save() }
})

// The operator's change of a client: a JSON Patch of `add`, as Hydra's administration takes it.
async function patched(ctx, id) {
  const known = await provider.Client.adapter.find(id)
  if (known === undefined) return Object.assign(ctx, { status: 404, body: { error: 'not_found' } })
  let text = ''
  for await (const part of ctx.req) text += part
  for (const { op, path, value } of JSON.parse(text)) {
    if (op !== 'add') return Object.assign(ctx, { status: 400, body: { error: 'unsupported' } })
    known[path.slice(1)] = value
  }
  await provider.Client.adapter.upsert(id, known)
  ctx.body = (await provider.Client.find(id)).metadata()
}

// The operator's listings: what the provider keeps, each thing read and judged by its own model, so that one that expired
// or was destroyed is not in it. Their shape is that of Ory Hydra's administration API; unlike Hydra's they show the secrets
// of clients, as others do (Keycloak's does).
const LISTED = {
  clients: {
    model: 'Client',
    show: (client) => client.metadata(),
  },
  grants: {
    model: 'Grant',
    show: (grant) => ({
      consent_request_id: grant.jti,
      consent_request: { subject: grant.accountId, client: { client_id: grant.clientId } },
      grant_scope: grant.getOIDCScope().split(' '),
      handled_at: new Date(grant.iat * 1000).toISOString(),
    }),
  },
}

provider.use(async (ctx, next) => {
  const [, kind, id] = ctx.path.match(/^\/admin\/(clients|grants)(?:\/([^/]+))?$/) ?? []
  if (kind === undefined) return next()
  const basic = Buffer.from(`${operator.client}:${operator.secret}`).toString('base64')
  if (ctx.get('authorization') !== `Basic ${basic}`) return Object.assign(ctx, { status: 401, body: { error: 'invalid_client' } })
  if (ctx.method === 'PATCH' && kind === 'clients' && id !== undefined) return patched(ctx, decodeURIComponent(id))
  const { model, show } = LISTED[kind]
  if (id !== undefined) {
    const one = await provider[model].find(decodeURIComponent(id))
    return Object.assign(ctx, one === undefined ? { status: 404, body: { error: 'not_found' } } : { body: show(one) })
  }
  const size = Math.min(Number(ctx.query.page_size ?? 250), 1000)
  const ids = [...store.keys()].filter((key) => key.startsWith(`${model}:`)).map((key) => key.slice(model.length + 1)).sort()
  const page = ids.filter((one) => one > (ctx.query.page_token ?? '')).slice(0, size + 1)
  const found = await Promise.all(page.slice(0, size).map((one) => provider[model].find(one)))
  if (page.length > size) {
    ctx.set('link', `<${issuer}/admin/${kind}?page_size=${size}>; rel="first",`
      + `<${issuer}/admin/${kind}?page_size=${size}&page_token=${encodeURIComponent(page[size - 1])}>; rel="next"`)
  }
  ctx.body = found.filter((one) => one !== undefined).map(show)
})

handle = provider.callback()
const initial = await new provider.InitialAccessToken().save()
console.log(JSON.stringify({ port, issuer, initial, operator }))
process.stdin.on('end', () => process.exit(0)).resume()
