//! Expressions are read here: operands, and the operators between them.

mod operand;

use super::expr::{Arithmetic, Boolean, Data, Expr, Number};
use super::parser::{Parser, Read, Reported};
use super::pattern::Pattern;
use crate::lex::Token;

/// Operators in one expression, so that no evaluation goes deep: far more than people write.
pub(super) const MAX_OPERATORS: usize = 200;

/// What is expected, which decides how a number is read: where bytes may stand, it is one in hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Anything.
    Any,
    /// True or false.
    Boolean,
    /// Bytes.
    Data,
    /// A number.
    Number,
    /// Bytes or a number.
    DataOrNumber,
}

/// A binary operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Matches { any_case: bool },
    And,
    Or,
    Arithmetic(Arithmetic),
}

impl Operator {
    /// How close it binds; ISC's numbers, in which comparisons bind closer than sums, and sums closer than products.
    fn closeness(self) -> u8 {
        match self {
            Self::Arithmetic(Arithmetic::And | Arithmetic::Or | Arithmetic::Xor) => 100,
            Self::Equal | Self::NotEqual | Self::Matches { .. } => 4,
            Self::And | Self::Or => 3,
            Self::Arithmetic(Arithmetic::Add) => 2,
            Self::Arithmetic(_) => 1,
        }
    }

    /// What ISC expects behind it where it begins a part of its own.
    fn wants(self) -> Wanted {
        match self {
            Self::Equal | Self::NotEqual | Self::Matches { .. } => Wanted::Data,
            Self::And | Self::Or => Wanted::Boolean,
            Self::Arithmetic(_) => Wanted::Number,
        }
    }
}

impl<'t> Parser<'_, '_, 't> {
    /// Reads an expression of any type.
    pub(super) fn expression(&mut self, wanted: Wanted) -> Read<Expr> {
        let mut operators = 0;
        self.operation(wanted, None, &mut operators)
    }

    /// Reads an expression whose value is bytes.
    pub(super) fn data(&mut self) -> Read<Data> {
        let token = self.peek();
        self.expression(Wanted::Data)?.into_data().map_err(|_| {
            let expected = "a string, octets, or an expression of which these come";
            self.error_since(token.span, "Expecting a data expression.", expected)
        })
    }

    /// Reads an expression whose value is a number.
    pub(super) fn number_expression(&mut self) -> Read<Number> {
        let token = self.peek();
        let read = self.expression(Wanted::Number)?;
        read.into_number().map_err(|_| {
            let expected = "a number, or an expression of which one comes";
            self.error_since(token.span, "Expecting a numeric expression.", expected)
        })
    }

    /// Reads an expression that is true or false.
    pub(super) fn boolean(&mut self) -> Read<Boolean> {
        let token = self.peek();
        let read = self.expression(Wanted::Boolean)?;
        read.into_boolean().map_err(|_| {
            let expected = "a comparison, `exists`, `known`, `static` or the like";
            self.error_since(token.span, "Expecting a boolean expression.", expected)
        })
    }

    /// Reads operands and operators from the operand or from the operator `left` on, to the end of the expression.
    ///
    /// As in ISC, what follows an operator that binds closer than the one before it belongs to its right side, to the
    /// very end.
    fn operation(
        &mut self,
        mut wanted: Wanted,
        left: Option<(Expr, Operator, Token<'t>)>,
        operators: &mut usize,
    ) -> Read<Expr> {
        let mut left = left;
        loop {
            let mut right = self.operand(wanted)?;
            wanted = kind(&right);
            let token = self.peek();
            let mut next = self.operator()?;
            let Some((first, operator, at)) = left else {
                let Some(next) = next else {
                    return Ok(right);
                };
                left = Some((right, next, token));
                continue;
            };
            *operators += 1;
            if *operators > MAX_OPERATORS {
                let message = format!("more than {MAX_OPERATORS} operators in one expression");
                return Err(self.error(&token, &message, "a shorter one"));
            }
            if let Some(closer) = next
                && operator.closeness() < closer.closeness()
            {
                self.deeper(&token)?;
                let inner = self.operation(closer.wants(), Some((right, closer, token)), operators);
                self.build.leave();
                right = inner?;
                next = None;
            }
            let whole = self.combine(first, operator, right, &at)?;
            let Some(next) = next else {
                return Ok(whole);
            };
            left = Some((whole, next, token));
        }
    }

    /// Counts how deep an expression goes.
    fn deeper(&mut self, token: &Token<'_>) -> Read<()> {
        if self.build.enter() {
            return Ok(());
        }
        Err(self.error(token, "expressions are nested too deep", "a simpler one"))
    }

    /// Takes a binary operator, if one is next.
    fn operator(&mut self) -> Read<Option<Operator>> {
        let token = self.peek();
        let operator = match token.text {
            _ if token.is_word("and") => Operator::And,
            _ if token.is_word("or") => Operator::Or,
            _ if token.is(b'=') => Operator::Equal,
            _ if token.is(b'+') => Operator::Arithmetic(Arithmetic::Add),
            _ if token.is(b'*') => Operator::Arithmetic(Arithmetic::Multiply),
            _ if token.is(b'/') => Operator::Arithmetic(Arithmetic::Divide),
            _ if token.is(b'%') => Operator::Arithmetic(Arithmetic::Remainder),
            _ if token.is(b'&') => Operator::Arithmetic(Arithmetic::And),
            _ if token.is(b'|') => Operator::Arithmetic(Arithmetic::Or),
            _ if token.is(b'^') => Operator::Arithmetic(Arithmetic::Xor),
            _ if token.is(b'!') => {
                self.next();
                if !self.peek().is(b'=') {
                    return Err(self.error_next("! in boolean context without =", "`!=`"));
                }
                Operator::NotEqual
            }
            _ if token.is(b'~') => {
                self.next();
                match self.peek() {
                    second if second.is(b'=') => Operator::Matches { any_case: false },
                    second if second.is(b'~') => Operator::Matches { any_case: true },
                    _ => return Err(self.error_next("expecting ~= or ~~ operator", "`~=` or `~~`")),
                }
            }
            _ => return Ok(None),
        };
        self.next();
        Ok(Some(operator))
    }

    fn combine(
        &mut self,
        left: Expr,
        operator: Operator,
        right: Expr,
        at: &Token<'_>,
    ) -> Read<Expr> {
        let kinds = (kind(&left), kind(&right));
        if kinds.0 != kinds.1 && kinds.0 != Wanted::Any && kinds.1 != Wanted::Any {
            let message = "illegal expression relating different types";
            return Err(self.error(at, message, "both sides of the same type"));
        }
        let wrong =
            |parser: &mut Self, message| parser.error(at, message, "such a one on both sides");
        match operator {
            Operator::Equal | Operator::NotEqual => {
                if kinds.1 == Wanted::Boolean {
                    return Err(wrong(self, "expecting data/numeric expression"));
                }
                Ok(Expr::Boolean(Boolean::Equal {
                    negated: operator == Operator::NotEqual,
                    left: Box::new(left),
                    right: Box::new(right),
                }))
            }
            Operator::Matches { any_case } => match (left.into_data(), right.into_data()) {
                (Ok(subject), Ok(pattern)) => {
                    Ok(Expr::Boolean(self.matches(subject, pattern, any_case, at)))
                }
                _ => Err(wrong(self, "expecting data expression")),
            },
            Operator::And | Operator::Or => match (left.into_boolean(), right.into_boolean()) {
                (Ok(left), Ok(right)) => {
                    let (left, right) = (Box::new(left), Box::new(right));
                    Ok(Expr::Boolean(match operator {
                        Operator::And => Boolean::And(left, right),
                        _ => Boolean::Or(left, right),
                    }))
                }
                _ => Err(wrong(self, "expecting boolean expressions")),
            },
            Operator::Arithmetic(operator) => match (left.into_number(), right.into_number()) {
                (Ok(left), Ok(right)) => Ok(Expr::Number(Number::Arithmetic {
                    operator,
                    left: Box::new(left),
                    right: Box::new(right),
                })),
                _ => Err(wrong(self, "expecting numeric expressions")),
            },
        }
    }

    fn matches(&mut self, subject: Data, pattern: Data, any_case: bool, at: &Token<'_>) -> Boolean {
        let constant = pattern.constant();
        let compiled = constant.and_then(|pattern| Pattern::new(pattern, any_case));
        if constant.is_some() && compiled.is_none() {
            self.warn(at, "this is no regular expression, or one that is too large: it matches nothing (ISC dhcpd says nothing of it)");
        }
        Boolean::Matches {
            subject: Box::new(subject),
            pattern: Box::new(pattern),
            any_case,
            compiled,
        }
    }

    /// `(`, or a report that it is missing.
    fn open_parenthesis(&mut self) -> Read<()> {
        self.punctuation(b'(', "left parenthesis expected.")
    }

    /// `)`, or a report that it is missing.
    pub(super) fn close_parenthesis(&mut self) -> Read<()> {
        self.punctuation(b')', "right parenthesis expected.")
    }

    /// `,`, or a report that it is missing.
    pub(super) fn comma(&mut self) -> Read<()> {
        self.punctuation(b',', "comma expected.")
    }

    /// Takes this punctuation, or reports `message`.
    pub(super) fn punctuation(&mut self, byte: u8, message: &str) -> Read<()> {
        if self.take(byte) {
            return Ok(());
        }
        Err(self.missing(byte, message))
    }

    fn missing(&mut self, byte: u8, message: &str) -> Reported {
        self.error_next(message, &format!("`{}`", char::from(byte)))
    }
}

/// What is expected where something should be of the same type as this.
fn kind(expr: &Expr) -> Wanted {
    match expr {
        Expr::Data(_) => Wanted::Data,
        Expr::Number(_) => Wanted::Number,
        Expr::Boolean(_) => Wanted::Boolean,
        Expr::Variable(_) | Expr::Call(_) => Wanted::Any,
    }
}
