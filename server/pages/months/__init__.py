"""The pages about money: the list of months, one month from its sessions to its payments, and the issued documents."""
