//! `option space …` and `option NAME code N = TYPE`.

use super::format::{Field, Format, MAX_FIELDS};
use super::number::Number;
use super::parser::{Parser, Read, Reported};
use super::statement::{Block, Context};
use super::{OptionId, SpaceId};
use crate::lex::TokenKind;

/// Option spaces that a configuration may have: more than there are vendors in one.
const MAX_SPACES: usize = 1000;

/// What types are called.
const TYPES: &str = "one of boolean, [signed|unsigned] integer 8|16|32, ip-address, ip6-address, text, string, domain-name, domain-list [compressed], zerolen, encapsulate SPACE, array of TYPE, { TYPE, … }";

/// A type that is being read.
#[derive(Default)]
struct Draft {
    fields: Vec<Field>,
    arrays: u64,
    array: bool,
    encapsulates: Option<SpaceId>,
    /// A part whose end only the end of the option tells: nothing can stand behind it.
    open_ended: bool,
}

impl Parser<'_, '_, '_> {
    /// `space NAME [code width N] [length width N] [hash size N];` behind `option`
    pub(super) fn option_space(&mut self, context: Context) -> Read<()> {
        let token = self.next();
        if context.block != Block::Root {
            let message = "option space definitions may not be scoped.";
            return Err(self.error(&token, message, "this outside of all braces"));
        }
        let token = self.peek();
        let Some(name) = token.word() else {
            return Err(self.error_next("expecting identifier.", "a name for the option space"));
        };
        self.next();
        let (mut code_width, mut length_width) = (1, 1);
        while !self.take(b';') {
            if self.take_word("code") {
                code_width = self.space_width(&[1, 2, 4], "invalid code width")?;
            } else if self.take_word("length") {
                length_width = self.space_width(&[1, 2], "invalid length width")?;
            } else if self.take_word("hash") {
                self.expect_word("size", "expecting size token.")?;
                if self.peek().kind != TokenKind::Number {
                    return Err(self.error_next("expecting a 10base number", "a number"));
                }
                self.next();
            } else {
                let expected = "`code width`, `length width`, `hash size` or `;`";
                return Err(self.error_next("Unexpected token.", expected));
            }
        }
        let spaces = &mut self.build.config.spaces;
        if spaces.iter().count() >= MAX_SPACES {
            let message = format!("more than {MAX_SPACES} option spaces");
            return Err(self.error(&token, &message, "fewer"));
        }
        spaces.add(name, code_width, length_width);
        Ok(())
    }

    fn space_width(&mut self, allowed: &[u8], message: &str) -> Read<u8> {
        self.expect_word("width", "expecting width token.")?;
        let token = self.peek();
        let expected = match allowed {
            [1, 2] => "1 or 2",
            _ => "1, 2 or 4",
        };
        if token.kind != TokenKind::Number {
            return Err(self.error_next(&format!("expecting number {expected}."), expected));
        }
        self.next();
        let value = Number::atoi(token.text).value;
        let width = allowed.iter().find(|width| u32::from(**width) == value);
        width.copied().ok_or_else(|| {
            self.error(
                &token,
                &format!("{message} ({value}), expecting {expected}."),
                expected,
            )
        })
    }

    /// `code N = TYPE;` behind the name of an option
    pub(super) fn option_definition(&mut self, space: SpaceId, name: &str) -> Read<()> {
        self.next();
        let token = self.peek();
        if token.kind != TokenKind::Number {
            return Err(self.error_next("expecting option code number.", "the code of the option"));
        }
        self.next();
        let code = Number::atoi(token.text).value;
        self.punctuation(b'=', "expecting \"=\"")?;
        let draft = self.option_type()?;
        self.semicolon("the type of the option")?;
        let alone = draft.fields.len() == 1;
        let format = Format {
            fields: draft.fields.into(),
            arrays: draft.arrays,
            array: draft.array,
            optional: false,
        };
        let max = self.build.config.spaces.get(space).max_code();
        if code > max {
            self.warn(
                &token,
                &format!("the codes of this option space end at {max}: the option can't be sent"),
            );
        }
        let option = OptionId { space, code };
        let spaces = &mut self.build.config.spaces;
        spaces.define(space, code, name, format);
        match draft.encapsulates {
            Some(inner) => spaces.encapsulate(option, inner, alone),
            _ => spaces.no_encapsulation(option),
        }
        Ok(())
    }

    fn option_type(&mut self) -> Read<Draft> {
        let mut draft = Draft::default();
        if self.take_word("array") {
            self.expect_word("of", "expecting \"of\".")?;
            draft.array = true;
        }
        if !self.take(b'{') {
            self.field_type(&mut draft, draft_is_array)?;
            return self.checked(draft);
        }
        loop {
            let array = self.peek().is_word("array");
            if array {
                if draft.array {
                    return Err(self.error_next("no nested arrays.", "a simple type"));
                }
                self.next();
                self.expect_word("of", "expecting \"of\".")?;
                if self.peek().is(b'{') {
                    return Err(
                        self.error_next("only uniform array inside record.", "a simple type")
                    );
                }
                draft.arrays |= 1 << draft.fields.len();
            }
            self.field_type(&mut draft, |draft| draft.array || draft.repeats_last())?;
            if self.take(b'}') {
                return self.checked(draft);
            }
            if !self.peek().is(b',') {
                return Err(self.error_next("expecting right brace.", "`,` or `}` in the record"));
            }
            if draft.open_ended {
                let message = "text must be at end of record.";
                return Err(self.error_next(message, "`}` here"));
            }
            if draft.encapsulates.is_some() {
                let message = "encapsulate must always be the last item.";
                return Err(self.error_next(message, "`}` here"));
            }
            if draft.fields.len() == MAX_FIELDS {
                return Err(self.error_next("too many types in record.", "fewer"));
            }
            self.next();
        }
    }

    fn checked(&mut self, draft: Draft) -> Read<Draft> {
        if draft.encapsulates.is_some() && (draft.array || draft.arrays != 0) {
            let message = "Arrays of encapsulations don't make sense.";
            return Err(self.error_last(message, "no array"));
        }
        Ok(draft)
    }

    /// One simple type.
    fn field_type(&mut self, draft: &mut Draft, in_array: fn(&Draft) -> bool) -> Read<()> {
        let token = self.peek();
        let word = token.word().unwrap_or_default().to_ascii_lowercase();
        let field = match word.as_str() {
            "boolean" => Field::Flag,
            "ip-address" => Field::Address,
            "ip6-address" => Field::Address6,
            "text" => Field::Text,
            "string" => Field::Octets,
            "domain-name" => Field::DomainName,
            "domain-list" => Field::DomainList { compressed: false },
            "zerolen" => Field::Nothing,
            "integer" | "signed" | "unsigned" => return self.integer_type(draft),
            "encapsulate" => return self.encapsulate_type(draft),
            _ => {
                let shown = String::from_utf8_lossy(token.text).into_owned();
                return Err(self.error_next(&format!("unknown data type {shown}"), TYPES));
            }
        };
        self.next();
        let compressed = word == "domain-list" && self.take_word("compressed");
        let field = match compressed {
            true => Field::DomainList { compressed },
            false => field,
        };
        let open_ended = !matches!(field, Field::Flag | Field::Address | Field::Address6);
        if open_ended && in_array(draft) {
            let message = match field {
                Field::Nothing => "array incompatible with zerolen.",
                _ => "arrays of text strings not yet supported.",
            };
            return Err(self.error(&token, message, "a type of fixed length"));
        }
        draft.open_ended |= open_ended;
        draft.fields.push(field);
        Ok(())
    }

    fn integer_type(&mut self, draft: &mut Draft) -> Read<()> {
        if self.take_word("signed") || self.take_word("unsigned") {
            self.expect_word("integer", "expecting \"integer\" keyword.")?;
        } else {
            self.next();
        }
        let token = self.peek();
        let expected = "8, 16 or 32";
        if token.kind != TokenKind::Number {
            return Err(self.error_next("expecting number.", expected));
        }
        self.next();
        let bytes = match Number::atoi(token.text).value {
            8 => 1,
            16 => 2,
            32 => 4,
            other => {
                let message = format!("{other} bit precision is not supported.");
                return Err(self.error(&token, &message, expected));
            }
        };
        draft.fields.push(Field::Integer(bytes));
        Ok(())
    }

    fn encapsulate_type(&mut self, draft: &mut Draft) -> Read<()> {
        self.next();
        let token = self.peek();
        let Some(name) = token.word() else {
            let message = "expecting option space identifier";
            return Err(self.error_next(message, "the name of an option space"));
        };
        let spaces = &self.build.config.spaces;
        let Some(space) = spaces.named(name) else {
            return Err(self.unknown_space(name));
        };
        if let Some(within) = spaces.get(space).within {
            let message = format!(
                "the option space {name} is encapsulated in option {} already, at which ISC dhcpd ends",
                spaces.name(within)
            );
            return Err(self.error_next(&message, "an option space of its own"));
        }
        self.next();
        draft.encapsulates = Some(space);
        draft.fields.push(Field::Encapsulate(space));
        Ok(())
    }

    fn unknown_space(&mut self, name: &str) -> Reported {
        let expected = "an option space that is declared above";
        self.error_next(&format!("unknown option space {name}"), expected)
    }
}

impl Draft {
    /// Whether the field that is about to be read may be written again.
    fn repeats_last(&self) -> bool {
        self.arrays >> self.fields.len() & 1 == 1
    }
}

fn draft_is_array(draft: &Draft) -> bool {
    draft.array
}
