// A GitHub that others wrote (emulate), with an organisation, its owner's token, and an App of ours that is installed there.
// Prints one line of JSON when it listens: {"url", "key"}; key is the App's private key. Ends when its standard input does.
import { createEmulator } from '../google_oauth/node_modules/emulate/dist/api.js'

const { port, token } = JSON.parse(process.argv[2])
const github = await createEmulator({
  service: 'github',
  port,
  seed: {
    tokens: { [token]: { login: 'boss', scopes: ['repo', 'admin:org', 'admin:org_hook', 'workflow'] } },
    github: {
      users: [{ login: 'boss' }, { login: 'svc-drift' }],
      orgs: [{ login: 'acme', members: [{ login: 'boss', role: 'admin' }, { login: 'svc-drift' }] }],
      repos: [{ owner: 'acme', name: 'site', auto_init: true }],
      apps: [
        {
          app_id: 12345,
          slug: 'ours',
          name: 'Ours',
          permissions: { organization_administration: 'read', contents: 'read' },
          events: ['push'],
          installations: [{ installation_id: 100, account: 'acme', repository_selection: 'all' }],
        },
      ],
    },
  },
})
const { value: key } = github.generatedSecrets.find((secret) => secret.kind === 'github.app_private_key')
console.log(JSON.stringify({ url: github.url, key }))
process.stdin
  .on('end', async () => {
    await github.close()
    process.exit(0)
  })
  .resume()
