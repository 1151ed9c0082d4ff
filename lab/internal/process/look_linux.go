package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

// look reads what /proc says about a PID. A zombie counts as gone: it only waits for its parent to notice.
func look(pid int) (Ref, Info, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Ref{}, Info{}, err
	}
	start, info, err := parseStat(stat)
	if err != nil {
		return Ref{}, Info{}, err
	}
	cmdline, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return Ref{}, Info{}, err
	}
	program, _, _ := bytes.Cut(cmdline, []byte{0})
	return Ref{PID: pid, Start: start, Program: string(program)}, info, nil
}

// Positions in /proc/PID/stat, counted from the process state, which follows the name in parentheses. They are less
// by 3 than the numbers in proc(5).
const (
	fieldState     = 0
	fieldUserTime  = 11
	fieldSysTime   = 12
	fieldStartTime = 19
	fieldRSS       = 21
)

// tick is the unit of times in /proc: USER_HZ, which is 100 on all architectures that Go supports.
const tick = 10 * time.Millisecond

// parseStat reads the start time and the state from the content of /proc/PID/stat. The name of the program, which is
// in parentheses, may have spaces and parentheses itself, so fields are counted from the last one.
func parseStat(stat []byte) (uint64, Info, error) {
	end := bytes.LastIndexByte(stat, ')')
	if end < 0 {
		return 0, Info{}, errors.New("parse stat of process: no program name")
	}
	fields := bytes.Fields(stat[end+1:])
	if len(fields) <= fieldRSS {
		return 0, Info{}, fmt.Errorf("parse stat of process: %d fields", len(fields))
	}
	var n [fieldRSS + 1]uint64
	for _, i := range []int{fieldUserTime, fieldSysTime, fieldStartTime, fieldRSS} {
		v, err := strconv.ParseUint(string(fields[i]), 10, 64)
		if err != nil {
			return 0, Info{}, fmt.Errorf("parse stat of process: %w", err)
		}
		n[i] = v
	}
	info := Info{
		State:  stateOf(fields[fieldState][0]),
		Memory: int64(n[fieldRSS]) * int64(os.Getpagesize()),
		CPU:    time.Duration(n[fieldUserTime]+n[fieldSysTime]) * tick,
	}
	return n[fieldStartTime], info, nil
}

func stateOf(letter byte) State {
	switch letter {
	case 'Z', 'X', 'x':
		return Gone
	case 'T', 't':
		return Stopped
	default:
		return Running
	}
}
