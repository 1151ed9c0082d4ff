package cli

import (
	"errors"
	"strings"
)

// Named reads TYPE/NAME, or TYPE and NAME, from the beginning of the arguments, and returns the rest.
func Named(args []string) (kind, name string, rest []string, err error) {
	if len(args) == 0 {
		return "", "", nil, Next(errors.New("name a federated object"), "write TYPE/NAME, such as federateddeployments/web")
	}
	if kind, name, both := strings.Cut(args[0], "/"); both {
		if kind == "" || name == "" {
			return "", "", nil, Next(errors.New(args[0]+" is not TYPE/NAME"), "write it as in federateddeployments/web")
		}
		return kind, name, args[1:], nil
	}
	if len(args) < 2 {
		return "", "", nil, Next(errors.New("name a federated object"), "write TYPE/NAME, such as %s/web", args[0])
	}
	return args[0], args[1], args[2:], nil
}
