// Takes a resource through its life with the AWS SDK for JavaScript, and prints what a user
// sees, a line of JSON each.
const sdk = require('@aws-sdk/client-cloudcontrol')

const client = new sdk.CloudControlClient({ maxAttempts: 1 })
const GROUP = 'AWS::Logs::LogGroup'

const tell = (...what) => console.log(JSON.stringify(what))
const call = (name, input) => client.send(new sdk[name + 'Command'](input))
const token = (answer) => answer.ProgressEvent.RequestToken

async function ended(answer) {
  await sdk.waitUntilResourceRequestSuccess({ client, minDelay: 1, maxWaitTime: 120 }, { RequestToken: token(answer) })
  const event = (await call('GetResourceRequestStatus', { RequestToken: token(answer) })).ProgressEvent
  tell(event.Operation, event.OperationStatus, event.Identifier)
}

async function refused(name, input) {
  try {
    await call(name, input)
  } catch (error) {
    tell(error.name, error.message.split(' (HandlerErrorCode')[0])
  }
}

async function main() {
  await ended(await call('CreateResource', { TypeName: GROUP, DesiredState: '{"LogGroupName":"one","RetentionInDays":7}' }))
  const patch = '[{"op":"replace","path":"/RetentionInDays","value":14}]'
  await ended(await call('UpdateResource', { TypeName: GROUP, Identifier: 'one', PatchDocument: patch }))
  tell(JSON.parse((await call('GetResource', { TypeName: GROUP, Identifier: 'one' })).ResourceDescription.Properties).RetentionInDays)
  await ended(await call('CreateResource', { TypeName: GROUP, DesiredState: '{"LogGroupName":"two"}' }))
  const names = []
  for await (const page of sdk.paginateListResources({ client, pageSize: 1 }, { TypeName: GROUP })) {
    names.push(...page.ResourceDescriptions.map((r) => r.Identifier))
  }
  tell(names.sort())
  await refused('CreateResource', { TypeName: GROUP, DesiredState: '{"LogGroupName":"three","Nope":1}' })
  await ended(await call('DeleteResource', { TypeName: GROUP, Identifier: 'one' }))
  await refused('GetResource', { TypeName: GROUP, Identifier: 'one' })
  const apollo = { TypeName: 'GroundControl::Demo::Countdown', DesiredState: '{"Name":"apollo","Seconds":3600}', ClientToken: 'launch' }
  const live = await call('CreateResource', apollo)
  const again = await call('CreateResource', apollo)
  await call('CancelResourceRequest', { RequestToken: token(live) })
  let requests = 0
  for await (const page of sdk.paginateListResourceRequests({ client }, { ResourceRequestStatusFilter: { Operations: ['CREATE'] } })) {
    requests += page.ResourceRequestStatusSummaries.length
  }
  tell(token(live) === token(again), requests)
}

main()
