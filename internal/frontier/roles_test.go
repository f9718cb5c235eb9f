package frontier

import (
	"reflect"
	"testing"
)

// maxRole is the largest number of methods of a role. A test can write a fake of such a role by
// hand.
const maxRole = 11

func TestRolesAreSmall(t *testing.T) {
	t.Parallel()
	roles := []reflect.Type{
		reflect.TypeFor[Queue](), reflect.TypeFor[Hosts](), reflect.TypeFor[Seeds](), reflect.TypeFor[Spaces](),
		reflect.TypeFor[Maintainer](), reflect.TypeFor[Reader](), reflect.TypeFor[Results](), reflect.TypeFor[Sweeper](),
		reflect.TypeFor[Robots](), reflect.TypeFor[Sessions](), reflect.TypeFor[Drifts](), reflect.TypeFor[Recordings](),
		reflect.TypeFor[Forgetter](), reflect.TypeFor[Images](), reflect.TypeFor[Steering](), reflect.TypeFor[Histories](), reflect.TypeFor[Inspector](),
		reflect.TypeFor[Listings](),
	}
	covered := map[string]string{"Close": "Frontier"}
	for _, role := range roles {
		if n := role.NumMethod(); n > maxRole {
			t.Errorf("role %s has %d methods; want at most %d", role.Name(), n, maxRole)
		}
		for i := range role.NumMethod() {
			name := role.Method(i).Name
			if other, twice := covered[name]; twice {
				t.Errorf("method %s is in the roles %s and %s", name, other, role.Name())
			}
			covered[name] = role.Name()
		}
	}
	whole := reflect.TypeFor[Frontier]()
	for i := range whole.NumMethod() {
		if name := whole.Method(i).Name; covered[name] == "" {
			t.Errorf("method %s of Frontier belongs to no role of this test", name)
		}
	}
}
