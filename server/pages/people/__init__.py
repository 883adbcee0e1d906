"""The pages about the people who use the lab: who they are, who pays for them, which badges they carry."""
