package simfleet

import "sync"

// cache is a map that forgets what was not asked for during the last so many additions. It is safe for concurrent use.
type cache[K comparable, V any] struct {
	limit int

	mu       sync.Mutex
	young    map[K]V
	outgoing map[K]V
}

// newCache keeps at least the last limit entries, and at most twice as many.
func newCache[K comparable, V any](limit int) *cache[K, V] {
	return &cache[K, V]{limit: limit, young: map[K]V{}, outgoing: map[K]V{}}
}

func (c *cache[K, V]) get(k K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.young[k]
	if ok {
		return v, true
	}
	if v, ok = c.outgoing[k]; ok {
		c.add(k, v)
	}
	return v, ok
}

func (c *cache[K, V]) put(k K, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(k, v)
}

// add is put with the lock held.
func (c *cache[K, V]) add(k K, v V) {
	if len(c.young) >= c.limit {
		c.outgoing, c.young = c.young, make(map[K]V, c.limit)
	}
	c.young[k] = v
}
