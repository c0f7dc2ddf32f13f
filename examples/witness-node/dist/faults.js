// What the witness does wrong when it is told to.
'use strict'
const { spawn } = require('node:child_process')
const fs = require('node:fs'), http = require('node:http'), https = require('node:https')
const { setTimeout: sleep } = require('node:timers/promises')

class Failed extends Error {
  constructor(code, message) {
    super(message)
    this.code = code
  }
}

// strings has numbers and booleans as strings, as the Go plug-in has them.
const strings = (value) => {
  if (Array.isArray(value)) return value.map(strings)
  if (typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, strings(v)]))
  return String(value)
}

const get = (url) => new Promise((resolve, reject) => {
  const request = (url.startsWith('https:') ? https : http).get(url, { timeout: 5000 }, (response) => {
    let text = ''
    response.setEncoding('utf8').on('data', (part) => { text += part }).on('error', reject)
    response.on('end', () => response.statusCode === 200 ? resolve(text) : reject(new Error(`status ${response.statusCode}: ${text}`)))
  })
  request.on('timeout', () => request.destroy(new Error('timed out'))).on('error', reject)
})

// Fault is the faults of one call, from a text such as "READ sleep=5,crash".
class Fault {
  constructor(action, file, text, context) {
    const [, when = 'CREATE', rest] = /^(?:([A-Z]+) )?(.*)$/.exec(text)
    this.told = rest && when === action ? rest.split(',').map((part) => /^([^=]*)=?(.*)$/.exec(part).slice(1)) : []
    this.file = file
    this.context = context
  }

  // before does what is to happen before the call has had any effect.
  async before() {
    for (const [name, argument] of this.told) {
      if (name === 'sleep' || name === 'sleep-once' && this.first('slept')) {
        await sleep(argument * 1000)
      } else if (name === 'print') {
        const line = 'x'.repeat(65535) + '\n'
        for (let i = 0; i < argument * 16; i++) if (!process.stdout.write(line)) await new Promise((r) => process.stdout.once('drain', r))
      } else if (name === 'orphan' || name === 'daemon') {
        const child = spawn('/bin/sleep', ['300'], { detached: name === 'daemon', stdio: 'inherit' })
        fs.writeFileSync(this.file + '.pid', String(child.pid))
      } else if (name === 'memory') {
        const hog = []
        for (let i = 0; i < argument; i++) hog.push(Buffer.alloc(1 << 20, 1))
      } else if (name === 'cpu') {
        const end = process.cpuUsage().user + argument * 1e6
        while (process.cpuUsage().user < end);
      } else if (name === 'fetch') {
        const text = await get(argument).catch((error) => { throw new Failed('GeneralServiceException', `${argument}: ${error.message}`) })
        fs.writeFileSync(this.file + '.fetched', text)
      } else if (name === 'crash') {
        process.exit(3)
      } else if (name === 'error') {
        throw new TypeError('told to fail')
      }
    }
  }

  // after returns the answer, spoilt where it is to be, unless the process is to end.
  async after(answer) {
    for (const [name] of this.told) {
      if (name === 'crash-after') process.exit(4)
      if (name === 'twice') await this.post(JSON.stringify(answer)) // and once more when this returns
      if (name === 'rubbish') await this.post('this is not JSON')
      if (name === 'in-progress') answer = { status: 'IN_PROGRESS', resourceModel: answer.resourceModel, callbackContext: {} }
      if (name === 'rename' && answer.resourceModel) answer.resourceModel.Path += '-renamed'
      if (name === 'strings' && answer.resourceModel) answer.resourceModel = strings(answer.resourceModel)
      if (name === 'large') answer.message = 'x'.repeat(7 << 20)
    }
    return answer
  }

  // first says whether this is asked for the first time for the file.
  first(what) {
    try {
      fs.closeSync(fs.openSync(this.file + '.' + what, 'wx'))
      return true
    } catch {
      return false
    }
  }

  // post answers the call behind the back of whoever called us.
  post(body) {
    const url = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/${this.context.awsRequestId}/response`
    return new Promise((resolve, reject) => {
      http.request(url, { method: 'POST', agent: new http.Agent() }, (response) => response.resume().on('end', resolve)).on('error', reject).end(body)
    })
  }
}

module.exports = { Failed, Fault }
