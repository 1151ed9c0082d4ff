//go:build !linux

package process

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// look asks ps, where there is no /proc. Start is in seconds since 1970 then, and the processor time is not known.
func look(pid int) (Ref, Info, error) {
	cmd := exec.Command("ps", "-o", "stat=", "-o", "rss=", "-o", "lstart=", "-p", strconv.Itoa(pid))
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	out, err := cmd.Output()
	if err != nil {
		return Ref{}, Info{}, fmt.Errorf("ask ps for process %d: %w", pid, err)
	}
	return parsePS(pid, string(out))
}

// parsePS reads a line such as "S  1234 Mon Jan  2 15:04:05 2006"; the memory is in KiB.
func parsePS(pid int, line string) (Ref, Info, error) {
	fields := strings.Fields(line)
	if len(fields) != 7 {
		return Ref{}, Info{}, fmt.Errorf("parse line %q of ps: %d fields", line, len(fields))
	}
	memory, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return Ref{}, Info{}, fmt.Errorf("parse line %q of ps: %w", line, err)
	}
	start, err := time.Parse("Mon Jan 2 15:04:05 2006", strings.Join(fields[2:], " "))
	if err != nil {
		return Ref{}, Info{}, fmt.Errorf("parse line %q of ps: %w", line, err)
	}
	info := Info{State: Running, Memory: memory << 10}
	switch fields[0][0] {
	case 'Z':
		info.State = Gone
	case 'T':
		info.State = Stopped
	}
	return Ref{PID: pid, Start: uint64(start.Unix())}, info, nil // no Program: any one matches
}
