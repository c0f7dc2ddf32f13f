package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"example.org/groundcontrol/internal/pgserver"
)

// tormentor does to the system what the world does.
type tormentor struct {
	nodes  []*node
	db     *pgserver.Server // nil on SQLite
	disk   *disk            // nil where there is none of our own
	clock  clock
	record func(Fault)
	log    func(format string, args ...any)
}

// kinds are the faults that it is able to, and why it is not to others.
func kinds(c config, disk *disk) (able []string, left map[string]string) {
	able = []string{killFault, termFault, stopFault}
	left = map[string]string{}
	switch {
	case c.Nodes < 2:
		left[pairFault] = "one node only"
	default:
		able = append(able, pairFault)
	}
	if c.Store == "postgres" {
		able = append(able, cutFault, refuseFault, slowFault, muteFault, fastFault, crashFault)
		left[diskFault] = "the database server's own affair"
	} else {
		left["network"] = "no database server"
		if disk != nil {
			able = append(able, diskFault)
		} else {
			left[diskFault] = "it takes root to mount a small one"
		}
	}
	switch {
	case c.Store != "postgres":
		left[clockFault] = "one node only, by its own clock"
	case !c.Clock:
		left[clockFault] = "the server was built without (flag -clock)"
	default:
		able = append(able, clockFault)
	}
	return able, left
}

// run goes through the schedule. When it returns, every fault is over and every node is up.
func (t *tormentor) run(ctx context.Context, all []step) error {
	for _, s := range all {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		f := Fault{Kind: s.Kind, Begin: t.clock.now()}
		n := t.nodes[s.Node]
		switch s.Kind {
		case fastFault, crashFault, diskFault, pairFault:
		default:
			f.Node = n.name
		}
		t.log("%8.3fs  %-14s %-3s %v", f.Begin.Seconds(), s.Kind, f.Node, s.For.Round(time.Millisecond))
		if err := t.do(ctx, s, n, &f); err != nil {
			return fmt.Errorf("%s: %w", s.Kind, err)
		}
		f.End = t.clock.now()
		t.record(f)
		pause(ctx, s.Pause)
	}
	return nil
}

func (t *tormentor) do(ctx context.Context, s step, n *node, f *Fault) error {
	switch s.Kind {
	case killFault:
		return t.restart(ctx, n, syscall.SIGKILL, s.For)
	case termFault:
		return t.restart(ctx, n, syscall.SIGTERM, 0)
	case pairFault:
		other := t.nodes[(s.Node+1)%len(t.nodes)]
		f.Detail = n.name + " " + other.name
		if err := n.end(syscall.SIGKILL); err != nil {
			return err
		}
		return errors.Join(t.restart(ctx, other, syscall.SIGKILL, s.For), n.start(ctx))
	case stopFault:
		if err := n.signal(syscall.SIGSTOP); err != nil {
			return err
		}
		pause(ctx, s.For)
		return n.signal(syscall.SIGCONT)
	case cutFault:
		n.proxy.cut()
	case refuseFault:
		n.proxy.refuse(true)
		pause(ctx, s.For)
		n.proxy.refuse(false)
	case slowFault:
		n.proxy.slow(150 * time.Millisecond)
		pause(ctx, s.For)
		n.proxy.slow(0)
	case muteFault:
		n.proxy.mute(true)
		pause(ctx, s.For)
		n.proxy.mute(false)
	case fastFault:
		return errors.Join(t.db.Stop(), t.db.Start(ctx))
	case crashFault:
		return errors.Join(t.db.Crash(), t.db.Start(ctx))
	case diskFault:
		if err := t.disk.fill(); err != nil {
			return err
		}
		pause(ctx, s.For)
		return t.disk.free()
	case clockFault:
		n.skew = s.Skew
		f.Detail = s.Skew.String()
		return t.restart(ctx, n, syscall.SIGKILL, 0)
	default:
		return errors.New("no such fault")
	}
	return nil
}

// restart ends a node and starts it again after a while.
func (t *tormentor) restart(ctx context.Context, n *node, with syscall.Signal, after time.Duration) error {
	if err := n.end(with); err != nil {
		return err
	}
	pause(ctx, after)
	return n.start(ctx)
}
