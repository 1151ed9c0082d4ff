package version

import "runtime/debug"

// stamped is set by the linker.
var stamped string //nolint:gochecknoglobals // the linker sets nothing else

// Version returns the version of this build, such as v1.2.3, or (devel).
func Version() string {
	if stamped != "" {
		return stamped
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
