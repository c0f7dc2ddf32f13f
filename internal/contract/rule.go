package contract

// rule is one rule of the contract: a short name, and what it says in one sentence.
type rule struct{ name, says string }

// Rules that every call is held against.
var (
	answers           = rule{"answers", "each call ends with a ProgressEvent, not with an error of the function"}
	inTime            = rule{"in-time", "each call ends within its time limit"}
	wellFormed        = rule{"well-formed", "an answer is a JSON object with a status of SUCCESS, IN_PROGRESS or FAILED and members of the right kinds"}
	synchronous       = rule{"synchronous", "READ and LIST are never IN_PROGRESS"}
	progressPlain     = rule{"progress-plain", "IN_PROGRESS comes without errorCode and resourceModels"}
	progressIdentity  = rule{"progress-identifier", "the model of IN_PROGRESS holds the primary identifier"}
	successPlain      = rule{"success-plain", "SUCCESS comes without errorCode and without a callbackDelaySeconds other than 0"}
	successIdentity   = rule{"success-identifier", "the model of a successful CREATE, READ or UPDATE holds the primary identifier"}
	failureCode       = rule{"failure-code", "FAILED comes with an errorCode of the contract"}
	failureMessage    = rule{"failure-message", "FAILED comes with a message"}
	failurePlain      = rule{"failure-plain", "FAILED comes without resourceModels and without a callbackDelaySeconds other than 0"}
	identifierStays   = rule{"identifier-stays", "the primary identifier never changes inside a request"}
	writeOnlyHidden   = rule{"write-only-hidden", "final models hold no write-only property"}
	readNoNulls       = rule{"read-no-nulls", "a model that READ answers holds no nulls"}
	listModels        = rule{"list-models", "a successful LIST has resourceModels, an empty array when there are none"}
	listIdentifiers   = rule{"list-identifiers", "each model of a LIST holds the primary identifier"}
	listEnds          = rule{"list-ends", "each page of a LIST has a nextToken of its own, and the last one has none"}
	conforms          = rule{"conforms", "models conform to the schema, but for required, dependencies and propertyNames"}
	requestEnds       = rule{"request-ends", "a request comes to an end: it is not IN_PROGRESS for ever"}
	deleteWithoutBody = rule{"delete-without-model", "a successful DELETE has no resourceModel"}
)

// Rules of single tests.
var (
	createWorks     = rule{"create-succeeds", "a CREATE with a valid desired state succeeds"}
	createEchoes    = rule{"create-echoes-input", "CREATE answers all that was asked for as it was asked for, but for read-only and write-only properties"}
	createReadable  = rule{"create-read", "a resource that was created can be read"}
	createReadEqual = rule{"create-read-equal", "READ answers the model that CREATE answered"}
	createListed    = rule{"create-list", "a resource that was created is listed"}
	createOnce      = rule{"create-already-exists", "a CREATE of what exists fails with AlreadyExists"}
	createToken     = rule{"create-same-token", "the same CREATE with the same token makes one resource"}
	createReadOnly  = rule{"create-read-only", "a value for a read-only property is refused with InvalidRequest, or not taken"}
	createInvalid   = rule{"create-invalid", "a CREATE with invalid input fails"}
	createTags      = rule{"create-tags", "a type that is tagOnCreate keeps the tags of its CREATE"}
	deleteWorks     = rule{"delete-succeeds", "a DELETE of what exists succeeds"}
	deletedRead     = rule{"delete-read", "READ of a deleted resource fails with NotFound"}
	deletedUpdate   = rule{"delete-update", "UPDATE of a deleted resource fails with NotFound"}
	deletedDelete   = rule{"delete-delete", "DELETE of a deleted resource fails with NotFound"}
	deletedListed   = rule{"delete-list", "a deleted resource is not listed"}
	deletedCreate   = rule{"delete-create", "what was deleted can be created again"}
	listWorks       = rule{"list-succeeds", "LIST succeeds"}
	updateWorks     = rule{"update-succeeds", "an UPDATE to a valid desired state succeeds"}
	updateShows     = rule{"update-read", "UPDATE, and READ after it, answer the new values"}
	updateKeeps     = rule{"update-keeps", "an UPDATE leaves create-only properties as they are"}
	updateReplaces  = rule{"update-replaces-lists", "an UPDATE replaces lists as a whole"}
	updateIdentity  = rule{"update-identifier", "an UPDATE leaves the primary identifier as it is"}
	updateReadable  = rule{"update-readable", "a resource that was updated can be read"}
	updateListed    = rule{"update-list", "a resource that was updated is listed"}
	updateMissing   = rule{"update-not-found", "an UPDATE of what does not exist fails with NotFound"}
	updateMakes     = rule{"update-creates-nothing", "an UPDATE of what does not exist creates nothing"}
	updateTags      = rule{"update-tags", "a type that is tagUpdatable takes other tags"}
)
