package measure

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// Quantile is the smallest of the sorted values that so great a part of all does not exceed; of 50 the p99 is the greatest.
func Quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	i := int(q * float64(len(sorted)))
	return sorted[min(i, len(sorted)-1)]
}

// Machine says what the numbers were measured on.
func Machine() string {
	model := "unknown processor"
	if info, err := os.Open("/proc/cpuinfo"); err == nil {
		defer info.Close() //nolint:errcheck // it was only read
		for lines := bufio.NewScanner(info); lines.Scan(); {
			if key, value, _ := strings.Cut(lines.Text(), ":"); strings.TrimSpace(key) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	commit, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output() //nolint:noctx // it is over at once
	if err != nil {
		commit = []byte("unknown")
	}
	return fmt.Sprintf("%d x %s, %s %s/%s, commit %s", runtime.NumCPU(), model, runtime.Version(), runtime.GOOS, runtime.GOARCH, strings.TrimSpace(string(commit)))
}

// WriteMarked replaces the part of a page between the lines <!-- NAME: begin --> and <!-- NAME: end -->.
func WriteMarked(file, name, text string) error {
	page, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	replaced, err := replaceMarked(string(page), name, text)
	if err != nil {
		return fmt.Errorf("write to %q: %w", file, err)
	}
	return os.WriteFile(file, []byte(replaced), 0o644)
}

func replaceMarked(page, name, text string) (string, error) {
	begin, end := "<!-- "+name+": begin -->\n", "<!-- "+name+": end -->"
	before, rest, found := strings.Cut(page, begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return "", fmt.Errorf("there are no lines %q and %q", strings.TrimSpace(begin), end)
	}
	return before + begin + text + end + after, nil
}
