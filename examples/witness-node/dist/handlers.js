// Handlers of GroundControl::Witness::Node: a file is the resource. They keep the handler
// contract, unless the property Fault tells them to break it. Plain JavaScript: nothing
// has to be compiled into dist.
'use strict'
const fs = require('node:fs'), path = require('node:path')
const { Failed, Fault } = require('./faults')

const HOME = '/tmp/groundcontrol-witness/node' // what is listed when nobody names a directory

if (fs.existsSync(path.join(__dirname, 'broken'))) throw new Error('told to fail: there is a file called broken beside the code')

// load returns what is kept in a file: { model, token }.
const load = (file) => {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'))
  } catch {
    throw new Failed('NotFound', `there is no ${file}`)
  }
}

const save = (file, kept) => {
  fs.writeFileSync(file + '.part', JSON.stringify(kept))
  fs.renameSync(file + '.part', file)
}

// shown is the model as others may see it: whole, without what is write-only.
const shown = (file, { Secret, ...model }) =>
  ({ ...model, Path: file, Directory: path.dirname(file), Size: Buffer.byteLength(model.Text ?? '') })

const check = ({ Count = 0 }) => {
  if (!Number.isInteger(Count)) throw new Failed('InvalidRequest', 'Count is no integer')
}

const create = ({ bearerToken: token, callbackContext }, file, desired) => {
  check(desired)
  if (fs.existsSync(file)) {
    if (load(file).token !== token) throw new Failed('AlreadyExists', `there is a ${file}`)
  } else {
    fs.mkdirSync(path.dirname(file), { recursive: true })
  }
  // The same token may come again, after a crash or for the next step: it is one resource.
  save(file, { model: desired, token })
  const step = callbackContext?.step ?? 0
  if (step < (desired.Steps ?? 0)) {
    return { status: 'IN_PROGRESS', message: `step ${step + 1}`, resourceModel: desired,
      callbackContext: { step: step + 1 }, callbackDelaySeconds: desired.StepSeconds ?? 0 }
  }
  return { status: 'SUCCESS', resourceModel: shown(file, desired) }
}

const read = (_, file) => ({ status: 'SUCCESS', resourceModel: shown(file, load(file).model) })

const update = (_, file, { Directory, Size, ...desired }) => {
  check(desired)
  save(file, { ...load(file), model: desired })
  return { status: 'SUCCESS', resourceModel: shown(file, desired) }
}

const remove = (_, file) => {
  load(file)
  fs.unlinkSync(file)
  return { status: 'SUCCESS' }
}

// files are the paths and models of the resources in a directory; others are not ours.
const files = (directory) => {
  const names = fs.existsSync(directory) ? fs.readdirSync(directory).sort() : []
  return names.flatMap((name) => {
    const file = path.join(directory, name)
    try {
      const { model } = load(file)
      return model ? [[file, model]] : []
    } catch {
      return []
    }
  })
}

const list = (_, file, { Directory = HOME }) =>
  ({ status: 'SUCCESS', resourceModels: files(Directory).map(([file, model]) => shown(file, model)) })

// faultOf is what the call is to do wrong: only the file knows where the call does not say.
const faultOf = (action, file, desired) => {
  if (action === 'CREATE' || action === 'UPDATE') return desired.Fault ?? ''
  if (action === 'LIST') return files(desired.Directory ?? HOME).map(([, m]) => m.Fault ?? '').find((f) => f.startsWith('LIST ')) ?? ''
  return fs.existsSync(file) ? load(file).model.Fault ?? '' : ''
}

const actions = { CREATE: create, READ: read, UPDATE: update, DELETE: remove, LIST: list }

exports.resource = async (event, context) => {
  const { action } = event
  const desired = event.requestData.resourceProperties ?? {}
  const file = desired.Path ?? ''
  console.log(action, file)
  const fault = new Fault(action, file, faultOf(action, file, desired), context)
  let answer
  try {
    await fault.before()
    answer = actions[action](event, file, desired)
  } catch (error) {
    if (!(error instanceof Failed)) throw error
    answer = { status: 'FAILED', errorCode: error.code, message: error.message }
  }
  return fault.after(answer)
}
