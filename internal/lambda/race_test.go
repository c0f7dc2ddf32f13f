//go:build race

package lambda_test

func init() { raceDetector = true }
