package engine

import (
	"testing"
	"time"
)

func TestWant(t *testing.T) {
	t.Parallel()
	ready := demand{free: 8, fits: 8, room: 8}
	with := func(change func(d *demand)) demand {
		d := ready
		change(&d)
		return d
	}
	for _, tt := range []struct {
		name string
		d    demand
		n    int
		wait time.Duration
		why  reason
	}{
		{"all that is free", ready, 8, 0, claims},
		{"at most a batch", demand{free: 500, fits: 500, room: 500}, maxBatch, 0, claims},
		{"memory and CPU allow fewer", with(func(d *demand) { d.fits = 3 }), 3, 0, claims},
		{"the limits allow fewer", with(func(d *demand) { d.room = 2 }), 2, 0, claims},
		{"every slot is in use", with(func(d *demand) { d.free = 0 }), 0, limitLook, noSlot},
		{"the hours begin soon", with(func(d *demand) { d.closed = time.Second }), 0, time.Second, noHours},
		{"the hours begin in a day", with(func(d *demand) { d.closed = 24 * time.Hour }), 0, hoursLook, noHours},
		{"no memory", with(func(d *demand) { d.fits = 0 }), 0, shareLook, noResources},
		{"tasks in flight may meet the limit", with(func(d *demand) { d.room = 0 }), 0, limitLook, noRoom},
		{"more in flight than the limit leaves", with(func(d *demand) { d.room = -2 }), 0, limitLook, noRoom},
		{"a limit is met", with(func(d *demand) { d.room, d.met = 0, true }), 0, limitLook, limitMet},
		{"the hours come before a limit", with(func(d *demand) { d.closed, d.met = time.Second, true }), 0, time.Second, noHours},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if n, wait, why := want(tt.d); n != tt.n || wait != tt.wait || why != tt.why {
				t.Errorf("want(%+v) = %d, %v, %q; want %d, %v, %q", tt.d, n, wait, why, tt.n, tt.wait, tt.why)
			}
		})
	}
}

func TestIdler(t *testing.T) {
	t.Parallel()
	i := newIdler()
	for k, want := range []time.Duration{50, 100, 200, 400, 800, 1600, 2000, 2000} {
		if got := i.next(0.5); got != want*time.Millisecond {
			t.Errorf("wait %d = %v; want %vms", k, got, int64(want))
		}
	}
	for k, want := range []time.Duration{4, 8, 16, 32, 50, 50} {
		if got := i.short(); got != want*time.Millisecond {
			t.Errorf("brief wait %d = %v; want %vms", k, got, int64(want))
		}
	}
	i.reset()
	if low, brief := i.next(0), i.short(); low != firstIdle/2 || brief != 2*firstBrief {
		t.Errorf("after a reset: %v, %v", low, brief)
	}
}

func TestLeadAfter(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name             string
		lead, took, want time.Duration
	}{
		{"a near frontier needs none", 0, 9 * time.Millisecond, 0},
		{"the first claim counts as it is", 0, 40 * time.Millisecond, 40 * time.Millisecond},
		{"a further claim counts a quarter", 40 * time.Millisecond, 80 * time.Millisecond, 50 * time.Millisecond},
		{"it ends when claims are quick", 12 * time.Millisecond, 2 * time.Millisecond, 0},
		{"one slow claim is bounded", 0, time.Minute, mostLead},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := leadAfter(tt.lead, tt.took); got != tt.want {
				t.Errorf("leadAfter(%v, %v) = %v; want %v", tt.lead, tt.took, got, tt.want)
			}
		})
	}
}
