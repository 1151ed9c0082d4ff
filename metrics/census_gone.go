package metrics

import (
	"slices"
	"time"

	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/fleet"
)

// forget ends the count of an object.
func (c *census) forget(key fleet.ObjectKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.objects[key]
	if e == nil {
		return
	}
	clear(c.scratch)
	c.recount(key, e, time.Time{})
	c.typeOf(key.Type).change(e, "", nil)
	delete(c.objects, key)
}

// gone ends the count of a type or of a member.
func (c *census) gone(g grave) {
	if g.typeName != "" {
		c.goneType(g.typeName)
	} else {
		c.goneMember(g.member)
	}
}

// goneType ends the count of a type.
func (c *census) goneType(name fleet.TypeName) {
	for _, key := range c.keysOf(name) {
		c.forget(key)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.types, name)
	for _, detail := range c.detail {
		delete(detail, name)
	}
}

// goneMember ends the count of a member and frees its slot.
func (c *census) goneMember(name fleet.Name) {
	c.mu.Lock()
	defer c.mu.Unlock()
	slot, known := c.slots[name]
	if !known {
		return
	}
	for key, e := range c.objects {
		if slot >= len(e.states) || e.states[slot] == report.NoCopy {
			continue
		}
		c.count(c.typeOf(key.Type), key.Type, slot, e.states[slot], report.NoCopy)
		e.states[slot] = report.NoCopy
		c.setLate(key, e, slices.DeleteFunc(e.late, func(l lateCopy) bool { return l.slot == slot }))
	}
	delete(c.slots, name)
	c.names[slot], c.members[slot], c.detail[slot] = "", tally{}, nil
}

func (c *census) keysOf(t fleet.TypeName) (keys []fleet.ObjectKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key := range c.objects {
		if key.Type == t {
			keys = append(keys, key)
		}
	}
	return keys
}
