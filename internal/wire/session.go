package wire

import (
	"crypto/rand"
	"time"

	"example.org/groundcontrol/internal/control"
)

const getSessionToken = "GetSessionToken"

// sessionLife is how long a session lasts with STS where nothing is said of it.
const sessionLife = 12 * time.Hour

// getSession answers STS's GetSessionToken where Invoke takes unsigned calls. Test tools ask for a
// session before anything else, only to put it into their payloads, where it stands for the
// caller. Its credentials are new each time and those of nobody: this server knows no sessions, and
// refuses them everywhere but at Invoke, which then takes any key.
func (x *exchange) getSession() error {
	if _, _, err := x.caller(stsServices); err != nil {
		return err
	}
	if x.h.unsigned == nil {
		return &control.Error{Name: invalidAction, Text: "This server has no sessions. Started with --invoke-unsigned it answers this for tools that test handlers."}
	}
	b := append(x.out, `<GetSessionTokenResponse xmlns="`+stsNamespace+`"><GetSessionTokenResult><Credentials>`...)
	b = appendElement(b, "AccessKeyId", "ASIA"+rand.Text()[:16])
	b = appendElement(b, "SecretAccessKey", rand.Text()+rand.Text()[:14])
	b = appendElement(b, "SessionToken", rand.Text()+rand.Text())
	b = appendElement(b, "Expiration", time.Now().Add(sessionLife).UTC().Format(time.RFC3339))
	b = append(b, `</Credentials></GetSessionTokenResult><ResponseMetadata>`...)
	b = appendElement(b, "RequestId", x.call.RequestID)
	x.out = append(b, `</ResponseMetadata></GetSessionTokenResponse>`...)
	return nil
}
