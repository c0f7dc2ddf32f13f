// Command cells works out how far Ground Control goes on one machine, on one PostgreSQL,
// and on many cells, each a PostgreSQL with its nodes. What it starts from is measured
// elsewhere and stands in its flags; what it prints stands in docs/scale.md:
//
//	go run ./cells              # all tables
//	go run ./cells -only hot    # one of limits, balance, growth, hot, move
//
// Nothing here touches a server: the tables are arithmetic over the flags, placements of
// made-up accounts, and a small simulation of a cell. The same flags print the same.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// parts are the tables, in the order in which they are printed.
var parts = []struct {
	name  string
	print func(io.Writer, *config)
}{
	{"limits", printLimits},
	{"balance", printBalance},
	{"growth", printGrowth},
	{"hot", printHot},
	{"move", printMove},
}

// config is what the flags say.
type config struct {
	figures
	flood

	only     string
	seed     uint64
	accounts int
	regions  int
	skew     float64
	cells    []int
	draws    int
	pinned   int
	hot      float64
	demand   float64
	headroom float64

	copyRate  float64
	resources int
	long      time.Duration
	longShare float64
	deadline  time.Duration
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("cells: ")
	c, err := parse(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		log.Print(err)
		os.Exit(2)
	}
	for _, p := range parts {
		if c.only == "" || c.only == p.name {
			p.print(os.Stdout, c)
		}
	}
}

func parse(args []string) (*config, error) {
	c := &config{cells: []int{1, 4, 16, 64}}
	f := flag.NewFlagSet("cells", flag.ContinueOnError)
	f.StringVar(&c.only, "only", "", "print one part: limits, balance, growth, hot or move")
	f.Uint64Var(&c.seed, "seed", 1, "the same seed prints the same")
	c.figures.flags(f)

	f.IntVar(&c.accounts, "accounts", 100_000, "accounts")
	f.IntVar(&c.regions, "regions", 3, fmt.Sprintf("regions of each account, at most %d: half of its demand is in the first", len(regionNames)))
	f.Float64Var(&c.skew, "skew", 1, "Zipf exponent: the n-th largest account asks for 1/n^skew of what the largest does")
	f.Func("cells", "numbers of cells (default 1,4,16,64)", func(text string) (err error) {
		c.cells, err = parseCells(text)
		return err
	})
	f.IntVar(&c.draws, "draws", 20, "placements of each kind, each with other names for the cells")
	f.IntVar(&c.pinned, "pinned", 100, "scopes that the router's table places, largest first, where it has such a table")
	f.Float64Var(&c.hot, "hot", 0.3, "share of all demand that the one hot scope asks for")
	f.Float64Var(&c.demand, "demand", 100_000, "operations a second of all accounts together")
	f.Float64Var(&c.headroom, "headroom", 0.3, "share of a cell's capacity that is kept free")

	c.flood.flags(f)

	f.Float64Var(&c.copyRate, "copy-rate", 50, "MB a second at which rows are copied from one cell to another")
	f.IntVar(&c.resources, "resources", 10_000, "resources of a scope that no request of the kept ones made")
	f.DurationVar(&c.long, "long", 20*time.Minute, "mean time that a long operation takes")
	f.Float64Var(&c.longShare, "long-share", 0.001, "share of operations that are long; the others end at once")
	f.DurationVar(&c.deadline, "deadline", 2*time.Hour, "when a long operation ends at the latest")
	f.SetOutput(io.Discard) // a mistake is told in one line
	err := f.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		f.SetOutput(os.Stdout)
		f.PrintDefaults()
	}
	if err != nil {
		return nil, err
	}
	return c, c.check(f)
}

func (c *config) check(f *flag.FlagSet) error {
	names := []string{""}
	for _, p := range parts {
		names = append(names, p.name)
	}
	var negative string
	f.VisitAll(func(f *flag.Flag) {
		if strings.HasPrefix(f.Value.String(), "-") {
			negative = f.Name
		}
	})
	switch {
	case f.NArg() > 0:
		return fmt.Errorf("what is %q? only flags are known", f.Arg(0))
	case negative != "":
		return fmt.Errorf("-%s is below zero", negative)
	case !slices.Contains(names, c.only):
		return fmt.Errorf("-only %s: known are %s", c.only, strings.Join(names[1:], ", "))
	case c.regions < 1 || c.regions > len(regionNames):
		return fmt.Errorf("-regions %d: want 1 to %d", c.regions, len(regionNames))
	case c.accounts < 1 || c.draws < 1 || c.quietAccounts < 1:
		return errors.New("-accounts, -draws and -quiet-accounts begin at 1")
	case c.hot == 0 || c.hot >= 1 || c.headroom >= 1 || c.longShare > 1:
		return errors.New("-hot and -headroom are shares below 1, -hot above 0, and -long-share is one of up to 1")
	case c.long == 0 || c.deadline == 0 || c.copyRate == 0 || c.postgres == 0 || c.sqlite == 0:
		return errors.New("-long, -deadline, -copy-rate, -postgres and -sqlite cannot be 0")
	}
	return nil
}

func parseCells(text string) (all []int, err error) {
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 1 || n > 1000 {
			return nil, fmt.Errorf("%q: want numbers from 1 to 1000 with commas between", part)
		}
		all = append(all, n)
	}
	return all, nil
}

// table prints rows under a heading, in columns.
type table struct {
	w *tabwriter.Writer
}

func newTable(w io.Writer, heading string, columns ...string) table {
	fmt.Fprintf(w, "%s\n", heading)
	t := table{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
	t.row(columns...)
	return t
}

func (t table) row(cells ...string) {
	fmt.Fprintf(t.w, "  %s\n", strings.Join(cells, "\t"))
}

// end prints the table and the notes below it.
func (t table) end(notes ...string) {
	t.w.Flush()
	for _, n := range notes {
		t.w.Write([]byte("  " + n + "\n"))
	}
	t.w.Write([]byte("\n"))
	t.w.Flush()
}

// count writes n with commas between the thousands.
func count(n float64) string {
	text := strconv.FormatFloat(n, 'f', 0, 64)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// short writes a large number in thousands, millions and so on, with three digits.
func short(n float64) string {
	for _, u := range []struct {
		of   float64
		name string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if n >= u.of*0.9995 {
			return digits(n/u.of) + " " + u.name
		}
	}
	return digits(n) + " "
}

// digits writes n with three digits, or all of those before the point.
func digits(n float64) string {
	switch {
	case n >= 999.5:
		return count(n)
	case n >= 99.95:
		return strconv.FormatFloat(n, 'f', 0, 64)
	case n >= 9.995:
		return strconv.FormatFloat(n, 'f', 1, 64)
	}
	return strconv.FormatFloat(n, 'f', 2, 64)
}

func percent(share float64) string { return strconv.FormatFloat(100*share, 'f', 1, 64) + " %" }

// span writes a number of seconds.
func span(seconds float64) string {
	switch {
	case seconds == 0:
		return "0"
	case seconds < 0.9995:
		return strconv.FormatFloat(seconds*1000, 'f', 1, 64) + " ms"
	case seconds < 100:
		return strconv.FormatFloat(seconds, 'f', 1, 64) + " s"
	case seconds < 100*60:
		return strconv.FormatFloat(seconds/60, 'f', 0, 64) + " min"
	}
	return strconv.FormatFloat(seconds/3600, 'f', 1, 64) + " h"
}

func days(d time.Duration) string { return strconv.FormatFloat(d.Hours()/24, 'g', 3, 64) + " days" }

// quantile returns the value of a sorted list below which a share q of it lies.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
