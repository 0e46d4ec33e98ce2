// An Okta that others wrote (emulate 0.12.2, whose module is the second word: it is installed once, for Google's peer).
// Prints one line of JSON when it listens: {"url"}. It ends when its standard input does.
import { pathToFileURL } from 'node:url'

const { port, emulate } = JSON.parse(process.argv[2])
const { createEmulator } = await import(pathToFileURL(emulate))
const okta = await createEmulator({
  service: 'okta',
  port,
  seed: { okta: { users: [{ login: 'svc-drift@acme.example', email: 'svc-drift@acme.example', first_name: 'Drift', last_name: 'Service' }] } },
})
console.log(JSON.stringify({ url: okta.url }))
process.stdin
  .on('end', async () => {
    await okta.close()
    process.exit(0)
  })
  .resume()
