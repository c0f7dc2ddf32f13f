package lambda

import "syscall"

func credential(user *Credential) *syscall.Credential {
	if user == nil {
		return nil
	}
	return &syscall.Credential{Uid: user.UID, Gid: user.GID}
}
