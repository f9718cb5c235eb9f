package sim
import ("testing";"fmt";"github.com/seinehq/seine/internal/explore")
func TestTmp(t *testing.T) {
	for _, k := range Kinds[:4] {
		for seed := uint64(1); seed < 3; seed++ {
		w := k.Make(seed)
		for _, b := range []int{10000, 40000} {
		s := NewForager(w, 8, seed).(*foraging)
		r := Run(w, s, 8, b, seed)
		var sum explore.Sums
		for _, x := range s.blocks { sum = sum.Add(x) }
		c := 0
		for _, m := range s.workers { c += m.Curious() }
		clh, cln := int64(0), int64(0)
		for _, x := range w.Clusters { clh += x.Hits; cln += x.To-x.From }
		fmt.Printf("%s %d yield %.3f probes %d hits %d walks %d hits %d curious %d blocks %d | clusters %d mean len %.1f\n", k.Name, b, r.Yield(), sum.Probes, sum.ProbeHits, sum.Walks, sum.WalkHits, c, len(s.blocks), len(w.Clusters), float64(cln)/float64(len(w.Clusters)))
		if b == 40000 { m := s.workers[0]; s.refresh(0); fmt.Println(m.Dump()) }
		}}
	}
}
