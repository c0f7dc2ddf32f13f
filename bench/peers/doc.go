// Command peers runs the same work on Ground Control and on its peers, side by side:
//
//	cd bench/peers && go run . --rounds 3 --seconds 10
//
// A unit is a start, one step that does nothing, and a durable end. 128 clients each
// start a unit with 1.2 KB of input, wait until its end is durable, and start the next.
// Only units that ended within the counted seconds count. The table has the medians of
// the rounds, and the ratios are taken round by round.
//
// # How it is measured
//
// The rounds of the contestants are interleaved, in another order each time. Every round
// is a process of its own, on an empty directory or an empty database, and is preceded
// by one second of 16 KiB overwrites with an fdatasync each on the same disk ("syncs").
// Processor time is the user and system time of the contestant's process, which holds
// its clients, its engine and, with SQLite, its database; with PostgreSQL that of the
// server and all its backends is added. What other processes took meanwhile is printed, and
// a round that they disturbed is run again: whoever needs most of the processors suffers
// most from them. Linux only.
//
// # How each is set up, and why that is fair
//
// All are called as a library from the same process, so none pays for an API of its own,
// but Temporal, which has no other way in than gRPC over loopback. The settings
// of the peers are the fastest of those that we tried, in a few short trials on two
// processors; ours run with the defaults of the product. Every commit is synced to the disk
// before a client hears of it.
//
//   - Ground Control, SQLite and PostgreSQL: package engine on the store, with
//     secrets sealed, as `groundcontrol serve` runs them. A unit is a create with a client
//     token and 1.2 KB of desired state by a handler that succeeds at once. It leaves more
//     behind than the peers' do: the request with its timeline and the resource
//     in the ledger.
//   - DBOS, SQLite: a workflow of one step, started by RunWorkflow and awaited by
//     GetResult in the same process, its fastest way: no queue and no polling. It opens
//     SQLite with synchronous=NORMAL by itself, which does not sync a commit; we give it a
//     handle with FULL (checked at the start) with its own other settings and as many
//     connections (1, 2 and 4 differed by a few percent), none closed when idle, and that
//     syncs with fdatasync as our store does.
//   - Temporal, PostgreSQL: a whole server on one node; see the comment of the program in
//     directory temporal. It is built at the first use, which takes some minutes.
//   - River, PostgreSQL: one client inserts by Insert, works with two workers to a client,
//     and hears of ends through a subscription, which tells of a job when its end is
//     committed. The pool has 16 connections (8 to 64 differed by a few percent). Fetches
//     may follow each other after 10 ms: with the default of 100 ms it was up to a fifth
//     slower and up to a fifth cheaper. The rest is as River has it, its batching of ends
//     among that: they are written every 50 ms at best, which bounds what 128 waiting
//     clients can reach. To end jobs by JobCompleteTx was slower and cost twice as much. Ask
//     for --clients 1024 to see River with less of that bound.
//   - PostgreSQL is a server of its own on loopback with shared_buffers=512MB and defaults
//     besides (so fsync, synchronous_commit and full_page_writes are on), the same for all
//     who use it, and new for each round.
package main
