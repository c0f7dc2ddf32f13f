package simulate

// maxText is how long the text that a minimum length asks for may be.
const maxText = 2048

// fromPattern builds a text that fits a property with a pattern.
func (m *maker) fromPattern(p *property, s *source) (string, bool) {
	grammar := p.grammar()
	if grammar == nil {
		return "", false
	}
	account := ""
	if p.kind == arnKind {
		account = m.account
	}
	return grammar.Text(s.below, account, p.accepts)
}
