package registry

import (
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
)

// Ports are taken from below the range that kernels use for outgoing connections (32768 and up on Linux, 49152 on
// others): a killed cluster finds its ports free again when it is started.
const (
	firstPort = 20000
	lastPort  = 32767
)

// PortFree tells whether a server could listen on a loopback port now.
func PortFree(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return l.Close() == nil
}

// pickPort finds a port that is free now and not in taken.
func pickPort(taken []int) (int, error) {
	for range 1000 {
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		if !slices.Contains(taken, port) && PortFree(port) {
			return port, nil
		}
	}
	return 0, fmt.Errorf("pick a port: none is free between %d and %d", firstPort, lastPort)
}
