package main

import (
	"hash/fnv"
	"math"
	"slices"
	"strconv"
)

var regionNames = []string{
	"us-east-1", "eu-west-1", "ap-northeast-1", "us-west-2", "eu-central-1", "ap-southeast-1", "sa-east-1", "ca-central-1",
}

// hash is FNV-1a.
func hash(text string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(text))
	return h.Sum64()
}

// mix spreads each bit of x over all bits, which FNV does not: alike names have alike
// hashes. It is the finisher of SplitMix64.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// modulo is the plain way to place a scope on one of n cells.
func modulo(scope uint64, n int) int { return int(scope % uint64(n)) }

// rendezvous places a scope on the cell whose hash, mixed with the scope's, is highest. A
// new cell takes its share from each of the others, and nothing moves between these.
func rendezvous(scope uint64, cells []uint64) int {
	best, most := 0, uint64(0)
	for i, c := range cells {
		if w := mix(scope ^ c); w > most {
			best, most = i, w
		}
	}
	return best
}

// names returns the hashes of n cells. Each draw has names of its own; those of more
// cells begin with those of fewer.
func names(seed uint64, draw, n int) []uint64 {
	all := make([]uint64, n)
	for i := range all {
		all[i] = hash(strconv.FormatUint(seed, 10) + "/" + strconv.Itoa(draw) + "/cell-" + strconv.Itoa(i))
	}
	return all
}

// scopes returns the hashes of all scopes, a scope being an account in one region: the
// regions of the largest account first.
func scopes(accounts, regions int) []uint64 {
	all := make([]uint64, 0, accounts*regions)
	for a := range accounts {
		for r := range regions {
			all = append(all, hash(strconv.Itoa(100_000_000_000+a)+"/"+regionNames[(a+r)%len(regionNames)]))
		}
	}
	return all
}

// zipf returns the demand of each scope; all add up to 1. The n-th account has 1/n^skew
// of the first one's, half of it in its first region and the rest spread evenly. A
// skew of 0 gives each scope the same.
func zipf(accounts, regions int, skew float64) []float64 {
	all := make([]float64, 0, accounts*regions)
	var sum float64
	for a := range accounts {
		of := math.Pow(float64(a+1), -skew)
		sum += of
		for r := range regions {
			switch {
			case skew == 0 || regions == 1:
				all = append(all, of/float64(regions))
			case r == 0:
				all = append(all, of/2)
			default:
				all = append(all, of/2/float64(regions-1))
			}
		}
	}
	for i := range all {
		all[i] /= sum
	}
	return all
}

// heated returns demand with that of one scope raised to the share hot of the whole. It
// is an ordinary one, not one that is large already.
func heated(demand []float64, hot float64) []float64 {
	all := slices.Clone(demand)
	at := len(all) / 2
	rest := 1 - all[at]
	for i := range all {
		all[i] *= (1 - hot) / rest
	}
	all[at] = hot
	return all
}
