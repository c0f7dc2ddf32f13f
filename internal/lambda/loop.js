const http = require('node:http'), fs = require('node:fs'), path = require('node:path')
const { pathToFileURL } = require('node:url')

const env = process.env
const [host, port] = env.AWS_LAMBDA_RUNTIME_API.split(':')
const agent = new http.Agent({ keepAlive: true }) // one of its own: no proxy

const ask = (method, route, body = '') => new Promise((resolve, reject) => {
  const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }
  const request = http.request({ host, port, agent, method, path: '/2018-06-01/runtime/' + route, headers }, (response) => {
    const chunks = []
    response.on('data', (chunk) => chunks.push(chunk)).on('error', reject)
    response.on('end', () => resolve({ headers: response.headers, text: Buffer.concat(chunks).toString() }))
  })
  request.on('error', reject).end(body)
})

const report = (route, thrown) => {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  console.error(error)
  const stackTrace = String(error.stack).split('\n')
  return ask('POST', route, JSON.stringify({ errorType: error.name, errorMessage: error.message, stackTrace }))
}

const load = async () => {
  const [, file, name] = /^(.*?[^/.]+)\.([^/]+)$/.exec(env._HANDLER) ?? []
  if (!file) throw new Error(`handler ${env._HANDLER}: want file.function`)
  const stem = path.resolve(env.LAMBDA_TASK_ROOT, file)
  const found = ['', '.js', '.mjs', '.cjs'].map((end) => stem + end).find((f) => fs.statSync(f, { throwIfNoEntry: false })?.isFile())
  if (!found) throw new Error(`handler ${env._HANDLER}: no file ${stem}.js, .mjs or .cjs`)
  const module = await import(pathToFileURL(found))
  const pick = (from) => name.split('.').reduce((at, key) => at?.[key], from)
  const handler = pick(module) ?? pick(module.default)
  if (typeof handler !== 'function') throw new Error(`handler ${env._HANDLER}: ${found} exports no function ${name}`)
  return handler
}

const contextOf = (headers, done) => ({
  awsRequestId: headers['lambda-runtime-aws-request-id'],
  invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
  functionName: env.AWS_LAMBDA_FUNCTION_NAME,
  functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
  memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
  logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
  logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
  callbackWaitsForEmptyEventLoop: false,
  getRemainingTimeInMillis: () => Math.max(0, headers['lambda-runtime-deadline-ms'] - Date.now()),
  done, succeed: (value) => done(null, value), fail: (error) => done(error ?? new Error('failed'))
})

const call = (handler, event, headers) => new Promise((resolve, reject) => {
  const done = (error, value) => error ? reject(error) : resolve(value)
  const value = handler(event, contextOf(headers, done), done)
  // A promise, or a function that takes no callback, answers by what it returns.
  if (typeof value?.then === 'function' || handler.length < 3) resolve(value)
})

const main = async () => {
  const handler = await load().catch(async (error) => {
    await report('init/error', error)
    process.exit(1)
  })
  for (;;) {
    const { headers, text } = await ask('GET', 'invocation/next')
    const route = 'invocation/' + headers['lambda-runtime-aws-request-id']
    try {
      const answer = JSON.stringify(await call(handler, JSON.parse(text), headers)) ?? 'null'
      await ask('POST', route + '/response', answer)
    } catch (error) {
      await report(route + '/error', error)
    }
  }
}
main()
