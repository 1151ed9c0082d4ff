package cli

import (
	"bufio"
	"errors"
	"fmt"
	"strings"
)

// Confirm asks on a terminal whether to go on. Elsewhere nobody can answer: then yes must have been given.
func (g *Global) Confirm(question string, yes bool) error {
	if yes {
		return nil
	}
	if !IsTerminal(g.In) {
		return Next(errors.New("this must be confirmed, and nobody can be asked here"), "look at what it would do, and add --yes")
	}
	fmt.Fprintf(g.ErrOut, "%s [y/N] ", question)
	answer, err := bufio.NewReader(g.In).ReadString('\n')
	if err != nil || !strings.EqualFold(strings.TrimSpace(answer), "y") {
		return errors.New("nothing was done")
	}
	return nil
}
