//go:build race

package sample_test

func init() { share = 5 }
