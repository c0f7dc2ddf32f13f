package operation

import "time"

// Accept returns r as a request that was just accepted at the given time: PENDING
// and due at once, with its deadline after the given span. The caller has filled
// in who asks, what for, and the input.
//
// A node that starts the work itself applies its Claim before it stores the
// request, so that the row is born leased and clients see IN_PROGRESS.
func Accept(r Request, token string, at time.Time, deadline time.Duration) Request {
	r.Token = token
	r.Status = Pending
	r.Accepted, r.EventTime, r.DueAt = at, at, at
	r.Deadline = at.Add(deadline)
	r.Timeline = Timeline{Entries: []Entry{{At: at, What: "accepted", By: r.Caller}}}
	return r
}
