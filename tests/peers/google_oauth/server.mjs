// A Google that others wrote (emulate). Before it stands a door on a port of its own, which knows the two paths of
// oauth2.googleapis.com: `/revoke` goes on as it is, `/tokeninfo`, which emulate has not, tries the token at its userinfo.
// Prints one line of JSON when it listens: {"url", "google"}. It ends when its standard input does.
import { createServer } from 'node:http'
import { createEmulator } from 'emulate'

const { port } = JSON.parse(process.argv[2])
const google = await createEmulator({
  service: 'google',
  port,
  seed: { google: { users: [{ email: 'ann@practice.example', name: 'Ann' }] } },
})

const read = async (request) => {
  const parts = []
  for await (const part of request) parts.push(part)
  return Buffer.concat(parts)
}

const door = createServer(async (request, answer) => {
  const body = await read(request)
  if (request.method === 'POST' && request.url === '/revoke') {
    const headers = { 'content-type': request.headers['content-type'] ?? '' }
    const said = await fetch(`${google.url}/oauth2/revoke`, { method: 'POST', headers, body })
    return answer.writeHead(said.status).end(await said.text())
  }
  if (request.method === 'POST' && request.url === '/tokeninfo') {
    const headers = { authorization: request.headers.authorization ?? '' }
    const said = await fetch(`${google.url}/oauth2/v2/userinfo`, { headers })
    const known = said.ok ? await said.json() : { error: 'invalid_token' }
    answer.writeHead(said.ok ? 200 : 400, { 'content-type': 'application/json' })
    return answer.end(JSON.stringify(said.ok ? { aud: '1234', email: known.email, sub: known.sub } : known))
  }
  return answer.writeHead(404).end()
})
await new Promise((ready) => door.listen(0, '127.0.0.1', ready))
console.log(JSON.stringify({ url: `http://127.0.0.1:${door.address().port}`, google: google.url }))
process.stdin
  .on('end', async () => {
    await google.close()
    process.exit(0)
  })
  .resume()
