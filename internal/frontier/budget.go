package frontier

import (
	"maps"
	"slices"
)

// Budget bounds the number of tasks that are admitted under a name, for example of one host.
type Budget struct {
	Name string

	// Max is the largest number of tasks. The latest value applies.
	Max int64
}

// BudgetStatus is a budget that is used up.
type BudgetStatus struct {
	// Example is the key of the first task.
	Name, Example string
	N, Max        int64
}

// overBudget is the beginning of the reason of a refused task.
const overBudget = "over the budget "

// Purse counts the tasks that a transaction admits under budgets.
type Purse struct {
	budgets map[string]*BudgetStatus
	stored  map[string]BudgetStatus
	over    map[string]int64
}

// NewPurse returns the budgets of tasks at zero. It returns nil if no task has one.
func NewPurse(tasks []New) *Purse {
	var p *Purse
	for _, t := range tasks {
		for _, b := range t.Budgets {
			if p == nil {
				p = &Purse{map[string]*BudgetStatus{}, map[string]BudgetStatus{}, map[string]int64{}}
			}
			p.budgets[budgetName(b)] = &BudgetStatus{Name: budgetName(b), Max: b.Max}
		}
	}
	return p
}

func budgetName(b Budget) string { return CleanReason(b.Name) }

// Names lists the budgets in the order in which every transaction locks them.
func (p *Purse) Names() []string { return slices.Sorted(maps.Keys(p.budgets)) }

// Set sets a budget to its stored row.
func (p *Purse) Set(stored BudgetStatus) {
	if b := p.budgets[stored.Name]; b != nil {
		b.N, b.Example = stored.N, stored.Example
		p.stored[stored.Name] = stored
	}
}

// Spend reports whether a new task is admitted, and counts it under all its budgets or as refused.
func (p *Purse) Spend(t New) bool {
	for _, b := range t.Budgets {
		if s := p.budgets[budgetName(b)]; s.N >= b.Max {
			p.over[s.Name]++
			return false
		}
	}
	spent := map[string]bool{}
	for _, b := range t.Budgets {
		if s := p.budgets[budgetName(b)]; !spent[s.Name] {
			spent[s.Name] = true
			s.N++
			if s.Example == "" {
				s.Example = t.Key
			}
		}
	}
	return true
}

// Budgets lists the budgets, sorted by name.
func (p *Purse) Budgets() (out []BudgetStatus) {
	for _, name := range p.Names() {
		out = append(out, *p.budgets[name])
	}
	return out
}

// Changed lists the budgets that differ from their stored rows.
func (p *Purse) Changed() []BudgetStatus {
	return slices.DeleteFunc(p.Budgets(), func(b BudgetStatus) bool { return p.stored[b.Name] == b })
}

// Over counts the refused tasks.
func (p *Purse) Over() (n int) {
	for _, k := range p.over {
		n += int(k)
	}
	return n
}

// LeftOut lists the refused tasks by reason.
func (p *Purse) LeftOut() (out []LeftOut) {
	for _, name := range slices.Sorted(maps.Keys(p.over)) {
		out = append(out, LeftOut{CleanReason(overBudget + name), p.over[name]})
	}
	return out
}
