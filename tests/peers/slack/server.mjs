// A Slack that others wrote (emulate), with strict scopes and a private channel. It ends when its standard input does.
import { createEmulator } from 'emulate'

const { port, tokens } = JSON.parse(process.argv[2])
const user = (name) => ({ name, real_name: name, email: `${name}@acme.example` })
const emulator = await createEmulator({
  service: 'slack',
  port,
  seed: {
    slack: {
      team: { name: 'Acme', domain: 'acme' },
      users: [user('ana'), user('ben')],
      channels: [{ name: 'inc', is_private: true }, { name: 'all', is_private: false }],
      strict_scopes: true,
      tokens: Object.entries(tokens).map(([token, scopes]) => ({ token, scopes, type: 'bot' })),
    },
  },
})
console.log(JSON.stringify({ url: emulator.url }))
process.stdin.on('end', async () => {
  await emulator.close()
  process.exit(0)
}).resume()
