package explore
import "fmt"
func (f *Forager) Curious() int { return f.curious }
func (f *Forager) Dump() string {
	s := fmt.Sprintf("f0 %.3f\n", f.steps.hitRate())
	for x := range contexts {
		for m := range 10 {
			g := " "; if f.steps.goes[x][m] { g = "+" }
			s += fmt.Sprintf("%.2f%s(%4.0f) ", f.steps.p(Context(x), m), g, f.steps.cells[x][m].Trials)
		}
		s += "\n"
	}
	return s
}
